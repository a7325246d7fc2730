package javelin.passthrough.vfiouser.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import javelin.passthrough.vfio.VfioBackend;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioException;
import javelin.passthrough.vfiouser.wire.Channel;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.DescriptorSocket;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.linux.UnixSocket;
import javelin.vmm.memory.GuestMemory;

/**
 * Devices of servers that speak vfio-user, for one VM: each has a connection of its own, and is
 * told of guest RAM. A thread of its own listens to what the servers say by themselves.
 */
public final class VfioUserBackend implements VfioBackend {
  /** How long a server may take over an answer. */
  public static final Duration PATIENCE = Duration.ofSeconds(5);

  private final Linux linux;
  private final GuestMemory memory;
  private final Duration patience;
  private final Consumer<String> say;
  private final Resources owned = new Resources();
  private final EventLoop loop;
  private final List<VfioDevice> devices = new ArrayList<>();

  /**
   * A back end without devices.
   *
   * @param patience how long a server may take over an answer
   * @param say told, in a line, of a server that is gone, and of what cannot be mapped
   */
  public VfioUserBackend(Linux linux, GuestMemory memory, Duration patience, Consumer<String> say) {
    this.linux = linux;
    this.memory = memory;
    this.patience = patience;
    this.say = say;
    loop = owned.own(new EventLoop(linux, "vfio-user"));
  }

  /**
   * Connects to the server at {@code path}.
   *
   * @return the socket, for {@link #add}
   * @throws VfioException where nothing is there that can be connected to
   */
  public static Fd connect(Linux linux, String path) {
    String name = "user:" + path;
    try {
      return UnixSocket.connect(linux, path);
    } catch (IllegalArgumentException e) {
      throw new VfioException(name + ": " + e.getMessage(), e);
    } catch (ErrnoException e) {
      String reason =
          e.is(Errno.ENOENT)
              ? "there is no such socket; start the device's server first"
              : e.is(Errno.ECONNREFUSED)
                  ? "nothing listens there any more; start the device's server again"
                  : "cannot be connected to: " + Errno.describe(e.errno());
      throw new VfioException(name + ": " + reason, e);
    }
  }

  /**
   * Adds the device of the server at the other end of a socket.
   *
   * @param name for messages
   * @param connected this object's from here on, also where it throws
   * @throws VfioException where it cannot be had
   */
  public VfioDevice add(String name, Fd connected) {
    Channel channel = new Channel(new DescriptorSocket(connected));
    ClientConnection connection =
        new ClientConnection(name, channel, new GuestDma(memory), patience, say);
    VfioUserDevice device = owned.own(new VfioUserDevice(linux, name, connection, loop, say));
    owned.own(loop.watch(connection.fd(), EventLoop.READABLE, events -> connection.ready()));
    DmaMaps maps = new DmaMaps(connection);
    memory.addListener(maps);
    owned.own((AutoCloseable) () -> memory.removeListener(maps));
    connection.opened();
    devices.add(device);
    return device;
  }

  @Override
  public List<VfioDevice> devices() {
    return List.copyOf(devices);
  }

  @Override
  public void close() {
    owned.close();
  }
}
