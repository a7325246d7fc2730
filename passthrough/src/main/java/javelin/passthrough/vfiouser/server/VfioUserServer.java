package javelin.passthrough.vfiouser.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import javelin.passthrough.faults.Fault;
import javelin.passthrough.faults.Faults;
import javelin.passthrough.model.BusMemory;
import javelin.passthrough.model.DeviceModel;
import javelin.passthrough.model.ModelDevice;
import javelin.passthrough.vfiouser.wire.Channel;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.UnixListener;
import javelin.vmm.linux.DescriptorSocket;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import org.agrona.CloseHelper;

/**
 * Serves a device to one client at a time, on a thread of its own. The device keeps its state from
 * client to client; what a client has given goes with it.
 */
public final class VfioUserServer implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final Linux linux;
  private final String name;
  private final Consumer<String> say;
  private final Resources owned = new Resources();
  private final EventLoop loop;
  private final Faults faults;
  private final ModelDevice device;

  /** Null without a client; for the loop. */
  private ServerSession session;

  /** Of the client's socket and doorbells. */
  private final List<EventLoop.Watch> watches = new ArrayList<>();

  /**
   * @param name the device's, for messages
   * @param model what is served; this server's alone
   * @param faults what it does wrong on purpose
   * @param say told, in a line, of clients that misbehave
   */
  private VfioUserServer(
      Linux linux, String name, DeviceModel model, List<Fault> faults, Consumer<String> say) {
    this.linux = linux;
    this.name = name;
    this.say = say;
    try {
      loop = owned.own(new EventLoop(linux, "vfio-user server"));
      this.faults = owned.own(new Faults(faults, loop));
      device = owned.own(new ModelDevice(linux, name, model, loop, new Memory(), this.faults));
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  /** That of the client that is there. */
  private final class Memory implements BusMemory {
    @Override
    public boolean read(long address, byte[] target, int offset, int length) {
      return session != null && session.memory().read(address, target, offset, length);
    }

    @Override
    public boolean write(long address, byte[] source, int offset, int length) {
      return session != null && session.memory().write(address, source, offset, length);
    }
  }

  /**
   * Listens at {@code path}, where a client is taken when the one before it has gone.
   *
   * @throws javelin.vmm.event.ListenException where the path cannot be had
   */
  public static VfioUserServer listen(
      Linux linux, String path, DeviceModel model, List<Fault> faults, Consumer<String> say) {
    VfioUserServer server = new VfioUserServer(linux, path, model, faults, say);
    try {
      server.owned.own(new UnixListener(server.loop, path, server::accept));
      return server;
    } catch (RuntimeException e) {
      server.owned.closeAfter(e);
      throw e;
    }
  }

  /**
   * Serves the client at the other end of a socket.
   *
   * @param connected this server's from here on
   */
  public static VfioUserServer serve(
      Linux linux,
      String name,
      Fd connected,
      DeviceModel model,
      List<Fault> faults,
      Consumer<String> say) {
    try {
      VfioUserServer server = new VfioUserServer(linux, name, model, faults, say);
      server.loop.execute(() -> server.begin(connected));
      return server;
    } catch (RuntimeException e) {
      connected.close();
      throw e;
    }
  }

  private void accept(Fd connected) {
    if (session != null) {
      // A connection that is closed at once says the same on the wire.
      say.accept(name + ": a second client is turned away");
      connected.close();
      return;
    }
    begin(connected);
  }

  private void begin(Fd connected) {
    Channel channel = new Channel(new DescriptorSocket(connected));
    try {
      session =
          new ServerSession(
              linux,
              channel,
              device,
              faults,
              PATIENCE.toNanos(),
              reason -> say.accept(name + ": " + reason),
              () -> loop.execute(this::doKept));
    } catch (ErrnoException e) {
      say.accept(name + ": a client cannot be served: " + e.getMessage());
      channel.close();
      return;
    }
    watches.add(loop.watch(channel.fd(), EventLoop.READABLE, events -> ready()));
    for (Fd doorbell : session.doorbells()) {
      watches.add(loop.watch(doorbell, EventLoop.READABLE, events -> rung()));
    }
  }

  private void ready() {
    serve(ServerSession::ready);
  }

  /** The loop may call once more after the watch has been closed. */
  private void rung() {
    if (session != null) {
      serve(ServerSession::rung);
    }
  }

  private void doKept() {
    if (session != null) {
      serve(ServerSession::doKept);
    }
  }

  private void serve(Consumer<ServerSession> work) {
    try {
      work.accept(session);
    } catch (Faults.Silence silence) {
      if (silence.isStall()) {
        watches.forEach(watch -> watch.events(0));
        return;
      }
      end();
      return;
    } catch (RuntimeException e) {
      say.accept(name + ": the device has failed: " + e);
      end();
      return;
    }
    if (session.isOver()) {
      end();
    }
  }

  private void end() {
    CloseHelper.closeAll(watches);
    watches.clear();
    CloseHelper.close(session);
    session = null;
  }

  /** Drops the client and ends the thread. */
  @Override
  public void close() {
    // The loop's thread is gone before what it uses.
    loop.close();
    end();
    owned.close();
  }
}
