package javelin.devices.console;

import java.nio.charset.StandardCharsets;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.ListenException;
import javelin.vmm.event.UnixListener;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A listening Unix socket, such as {@code socat - UNIX-CONNECT:vm.sock} talks to.
 *
 * <p>One client at a time; a second one is turned away with a line of text. While there is none the
 * last 64 KiB of output are kept for the next.
 */
public final class SocketBackend extends DescriptorBackend {
  private static final byte[] BUSY =
      "Another client is connected to this console.\r\n".getBytes(StandardCharsets.US_ASCII);

  private final UnixListener listener;
  private Fd client;

  /**
   * Listens at {@code path}.
   *
   * @throws BackendException where the path is in use, too long, or taken by another file
   */
  public SocketBackend(EventLoop loop, String path) {
    super(loop, null, false);
    try {
      listener = new UnixListener(loop, path, this::connected);
    } catch (RuntimeException e) {
      CloseHelper.quietClose(pump());
      throw e instanceof ListenException ? new BackendException("serial " + e.getMessage(), e) : e;
    }
  }

  private void connected(Fd newClient) {
    if (client != null && !pump().hungUp()) {
      UnsafeBuffer busy = NativeMemory.allocate(BUSY.length);
      busy.putBytes(0, BUSY);
      newClient.linux().syscalls().write(newClient.number(), busy.addressOffset(), BUSY.length);
      newClient.close();
      return;
    }
    dropClient();
    client = newClient;
    pump().connect(client, client, true);
  }

  private void dropClient() {
    pump().disconnect();
    CloseHelper.close(client);
    client = null;
  }

  @Override
  public void inputEnded(int errno) {
    dropClient();
  }

  @Override
  public void outputFailed(int errno) {
    dropClient();
  }

  @Override
  public void close() {
    pump().close(() -> CloseHelper.closeAll(client, listener));
  }
}
