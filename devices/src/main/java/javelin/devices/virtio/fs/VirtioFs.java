package javelin.devices.virtio.fs;

import java.nio.charset.StandardCharsets;
import javelin.devices.virtio.ConfigBytes;
import javelin.devices.virtio.vhostuser.BackEnd;
import javelin.devices.virtio.vhostuser.VhostUserDevice;
import javelin.vmm.event.EventLoop;
import javelin.vmm.memory.GuestMemory;

/**
 * A folder of the host's, which the guest mounts by its tag (virtio 1.2, 5.11); virtiofsd serves
 * it. Queue 0 is for requests that must not wait, the others are for all else.
 */
public final class VirtioFs extends VhostUserDevice {
  /** The longest tag, in bytes of UTF-8. */
  public static final int LONGEST_TAG = 36;

  static final int QUEUE_SIZE = 1024;
  static final int MOST_REQUEST_QUEUES = 8;

  private static final int TYPE = 26;
  private static final int PCI_CLASS = 0x018000;

  /** {@code struct virtio_fs_config}: char tag[36], le32 num_request_queues. */
  private static final int CONFIG_LENGTH = 40;

  private final byte[] config = new byte[CONFIG_LENGTH];
  private final int requestQueues;

  /**
   * The folder that {@code backEnd} has.
   *
   * @param tag 1 to {@link #LONGEST_TAG} bytes
   * @param backEndName what the back end is called in messages
   * @param backEnd closed with this, also where this throws
   * @param loop hears of the back end's end, and serves the queues
   */
  public VirtioFs(
      String tag, String backEndName, BackEnd backEnd, GuestMemory memory, EventLoop loop) {
    super(backEndName, backEnd, memory, loop);
    try {
      byte[] bytes = tag.getBytes(StandardCharsets.UTF_8);
      if (bytes.length == 0 || bytes.length > LONGEST_TAG) {
        throw new IllegalArgumentException("a tag has 1 to " + LONGEST_TAG + " bytes");
      }
      requestQueues = requestQueues(backEnd);
      System.arraycopy(bytes, 0, config, 0, bytes.length);
      config[LONGEST_TAG] = (byte) requestQueues;
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** As many as the back end wants, where it says so. */
  private static int requestQueues(BackEnd backEnd) {
    byte[] wanted = backEnd.config(CONFIG_LENGTH);
    int most = Math.max(1, Math.min(backEnd.mostQueues() - 1, MOST_REQUEST_QUEUES));
    int number = 1;
    if (wanted != null) {
      boolean isLarge =
          (wanted[LONGEST_TAG + 1] | wanted[LONGEST_TAG + 2] | wanted[LONGEST_TAG + 3]) != 0;
      number = isLarge ? most : wanted[LONGEST_TAG] & 0xff;
    }
    return Math.max(1, Math.min(number, most));
  }

  @Override
  public int type() {
    return TYPE;
  }

  @Override
  public int pciClass() {
    return PCI_CLASS;
  }

  @Override
  public String name() {
    return "virtio-fs";
  }

  /** No notifications, which would take a queue of their own. */
  @Override
  public long features() {
    return 0;
  }

  @Override
  public int queues() {
    return 1 + requestQueues;
  }

  @Override
  public int queueSize() {
    return QUEUE_SIZE;
  }

  @Override
  public int configLength() {
    return CONFIG_LENGTH;
  }

  @Override
  public long readConfig(int offset, int size) {
    return ConfigBytes.read(offset, size, at -> config[at]);
  }
}
