package javelin.passthrough.vfio;

import java.nio.charset.StandardCharsets;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * An IOMMU group, the unit of isolation (uapi linux/vfio.h). One process at a time has it open.
 *
 * <p>Closing it takes it out of its container; its devices must be closed by then.
 */
final class VfioGroup implements AutoCloseable {
  private static final int STATUS_LENGTH = 8;
  private static final int STATUS_VIABLE = 1;
  private static final int RETRIES = 20;
  private static final long RETRY_MILLIS = 50;

  private final Fd fd;
  private boolean inContainer;

  private VfioGroup(Fd fd) {
    this.fd = fd;
  }

  /** Opens group {@code number}, whose devices must all be taken from their host drivers. */
  static VfioGroup open(Linux linux, int number) {
    String path = "/dev/vfio/" + number;
    Fd fd;
    try {
      fd = linux.open(path, Linux.O_RDWR);
    } catch (ErrnoException e) {
      throw new VfioException("IOMMU group " + number + ", " + path + ": " + remedy(e), e);
    }
    try {
      UnsafeBuffer status = NativeMemory.allocate(STATUS_LENGTH);
      status.putInt(VfioStructs.ARGSZ, STATUS_LENGTH);
      fd.ioctl("VFIO_GROUP_GET_STATUS", VfioIoctl.VFIO_GROUP_GET_STATUS, status.addressOffset());
      if ((status.getInt(VfioStructs.FLAGS) & STATUS_VIABLE) == 0) {
        throw new VfioException(
            "IOMMU group "
                + number
                + " also contains devices that host drivers use; they must move together: `javelin"
                + " pci list` names them, `javelin pci take` takes them all");
      }
      return new VfioGroup(fd);
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  private static String remedy(ErrnoException e) {
    if (e.is(Errno.ENOENT)) {
      return "no such node: none of the group's devices is taken; `javelin pci take` does that";
    }
    if (e.is(Errno.EBUSY)) {
      return "another process holds the group, or this one has not closed it yet";
    }
    if (e.is(Errno.EACCES) || e.is(Errno.EPERM)) {
      return "permission denied: run as root, or let your user open this one node";
    }
    return Errno.describe(e.errno());
  }

  Fd fd() {
    return fd;
  }

  /** Puts the group into {@code container}. */
  void enter(VfioContainer container) {
    UnsafeBuffer number = NativeMemory.allocate(Integer.BYTES);
    number.putInt(0, container.fd().number());
    fd.ioctl(
        "VFIO_GROUP_SET_CONTAINER", VfioIoctl.VFIO_GROUP_SET_CONTAINER, number.addressOffset());
    inContainer = true;
  }

  /**
   * Opens a device of the group. The kernel resets it, and refuses while another reset of it is
   * under way: that is waited for.
   *
   * @param name the device's address, {@code "0000:03:00.0"}
   */
  Fd openDevice(String name) {
    byte[] text = name.getBytes(StandardCharsets.US_ASCII);
    UnsafeBuffer argument = NativeMemory.allocate(text.length + 1);
    argument.putBytes(0, text);
    long request = VfioIoctl.VFIO_GROUP_GET_DEVICE_FD;
    int result = 0;
    for (int i = 0; i < RETRIES; i++) {
      result = fd.linux().syscalls().ioctl(fd.number(), request, argument.addressOffset());
      if (!Errno.EAGAIN.is(result)) {
        break;
      }
      pause();
    }
    return fd.linux().own(result, "VFIO_GROUP_GET_DEVICE_FD", name);
  }

  private static void pause() {
    try {
      Thread.sleep(RETRY_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    try {
      if (inContainer) {
        inContainer = false;
        fd.ioctl("VFIO_GROUP_UNSET_CONTAINER", VfioIoctl.VFIO_GROUP_UNSET_CONTAINER, 0);
      }
    } finally {
      fd.close();
    }
  }
}
