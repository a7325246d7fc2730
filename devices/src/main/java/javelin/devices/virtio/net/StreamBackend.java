package javelin.devices.virtio.net;

import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.UnixSocket;

/**
 * A stream socket on which each frame follows its length, 32 bits in network byte order, as
 * passt(1) and QEMU's stream back end have it. Checksums and segments are complete.
 */
public final class StreamBackend implements NetBackend {
  /** Bytes of the length in front of a frame. */
  static final int PREFIX = 4;

  /** The shortest frame that has addresses and a type. */
  static final int SHORTEST_FRAME = 14;

  private final String name;
  private final Fd fd;

  private StreamBackend(String name, Fd fd) {
    this.name = name;
    this.fd = fd;
  }

  /**
   * Connects to what listens at {@code path}.
   *
   * @throws javelin.vmm.linux.ErrnoException where that fails
   */
  public static StreamBackend connect(Linux linux, String path) {
    return new StreamBackend(path, UnixSocket.connect(linux, path));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int pairs() {
    return 1;
  }

  @Override
  public long features() {
    return 0;
  }

  @Override
  public NetSource source(int index) {
    return new StreamSource(fd);
  }

  @Override
  public NetSink sink(int index) {
    return new StreamSink(fd);
  }

  @Override
  public void close() {
    fd.close();
  }
}
