package javelin.boot.machine;

import java.util.List;
import javelin.devices.virtio.net.NetBackend;
import javelin.devices.virtio.net.NetSink;
import javelin.devices.virtio.net.NetSource;
import javelin.devices.virtio.net.StreamBackend;
import javelin.vmm.linux.Linux;

/**
 * A passt(1) process of a device's own, with the connection to it: a network of the host's sockets,
 * which needs no privilege. passt ends when the connection does, whichever way Javelin ends.
 */
final class PasstProcess implements NetBackend {
  private static final String PROGRAM = "passt";

  /** Started by root, passt becomes this user before it makes its socket. */
  private static final String USER = "nobody";

  private final HelperProcess<StreamBackend> process;
  private final StreamBackend stream;

  private PasstProcess(HelperProcess<StreamBackend> process) {
    this.process = process;
    stream = process.connection();
  }

  /**
   * Starts passt.
   *
   * @throws ConfigException where it is not installed, or does not come up
   */
  static PasstProcess start(Linux linux, NetSpec spec) {
    return start(linux, spec, PROGRAM);
  }

  /** Starts {@code program}, which takes passt's options. */
  static PasstProcess start(Linux linux, NetSpec spec, String program) {
    try {
      return new PasstProcess(
          HelperProcess.start(
              PROGRAM,
              USER,
              "`apt install passt` installs it",
              socket ->
                  List.of(program, "--foreground", "--one-off", "--stderr", "--socket", socket),
              socket -> StreamBackend.connect(linux, socket)));
    } catch (HelperProcess.HelperException e) {
      throw NetBackends.refused(spec, e.getMessage());
    }
  }

  /** Whether passt is running. */
  boolean isAlive() {
    return process.isAlive();
  }

  @Override
  public String name() {
    return PROGRAM;
  }

  @Override
  public int pairs() {
    return stream.pairs();
  }

  @Override
  public long features() {
    return stream.features();
  }

  @Override
  public NetSource source(int index) {
    return stream.source(index);
  }

  @Override
  public NetSink sink(int index) {
    return stream.sink(index);
  }

  @Override
  public void close() {
    try {
      stream.close();
    } finally {
      process.close();
    }
  }
}
