package javelin.devices.virtio.vhost;

import static javelin.devices.virtio.vhost.VhostIoctl.*;

import java.util.List;
import javelin.devices.virtio.RemoteRing;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.memory.RamRegion;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One open /dev/vhost-net, which serves one pair of queues: 0 receives from a tap, 1 sends to it.
 *
 * <p>Structures (uapi linux/vhost_types.h): {@code vhost_vring_state} and {@code vhost_vring_file}
 * are u32 index and u32 value; {@code vhost_vring_addr} is u32 index, u32 flags, then u64 process
 * addresses of descriptors, used ring, available ring and log; {@code vhost_memory} is u32 count,
 * u32 padding, then u64 guest-physical address, size, process address and flags of each region.
 *
 * <p>The object's lock guards it. Methods throw {@link javelin.vmm.linux.ErrnoException} for what
 * the kernel refuses.
 */
final class VhostPair implements AutoCloseable {
  static final String DEVICE = "/dev/vhost-net";

  private static final int STATE_LENGTH = 8;
  private static final int ADDR_LENGTH = 40;
  private static final int MEMORY_HEADER = 8;
  private static final int REGION_LENGTH = 32;
  private static final int NO_BACKEND = -1;

  private final Fd fd;
  private final Fd tap;
  private final long features;
  private final UnsafeBuffer state = NativeMemory.allocate(STATE_LENGTH);
  private final UnsafeBuffer addresses = NativeMemory.allocate(ADDR_LENGTH);

  /** A pair whose packets come from and go to {@code tap}, which stays the caller's. */
  VhostPair(Linux linux, Fd tap) {
    this.tap = tap;
    fd = linux.open(DEVICE, Linux.O_RDWR);
    try {
      call(VHOST_SET_OWNER, 0);
      UnsafeBuffer bits = NativeMemory.allocate(Long.BYTES);
      call(VHOST_GET_FEATURES, bits.addressOffset());
      features = bits.getLong(0);
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  private int call(VhostIoctl request, long argument) {
    return fd.ioctl(request.name(), request.number(), argument);
  }

  private void call(VhostIoctl request, int index, int value) {
    state.putInt(0, index);
    state.putInt(Integer.BYTES, value);
    call(request, state.addressOffset());
  }

  /** What this kernel can do. */
  long features() {
    return features;
  }

  /** Guest RAM is {@code regions} from now on. */
  synchronized void memory(List<RamRegion> regions) {
    UnsafeBuffer table = NativeMemory.allocate(MEMORY_HEADER + regions.size() * REGION_LENGTH);
    table.putInt(0, regions.size());
    int at = MEMORY_HEADER;
    for (RamRegion region : regions) {
      table.putLong(at, region.guestAddress());
      table.putLong(at + 8, region.length());
      table.putLong(at + 16, region.hostAddress());
      at += REGION_LENGTH;
    }
    call(VHOST_SET_MEM_TABLE, table.addressOffset());
  }

  /** What queue {@code index} signals where its ring is not as it should be. */
  synchronized void errors(int index, EventFd error) {
    call(VHOST_SET_VRING_ERR, index, error.fd().number());
  }

  /** Serves queue {@code index} from now on; where it throws, it does not. */
  synchronized void start(
      int index, RemoteRing ring, EventFd kick, EventFd interrupt, long accepted) {
    UnsafeBuffer bits = NativeMemory.allocate(Long.BYTES);
    bits.putLong(0, accepted & features);
    call(VHOST_SET_FEATURES, bits.addressOffset());
    call(VHOST_SET_VRING_NUM, index, ring.size());
    call(VHOST_SET_VRING_BASE, index, ring.base());
    addresses.putInt(0, index);
    addresses.putLong(8, ring.descriptors());
    addresses.putLong(16, ring.used());
    addresses.putLong(24, ring.available());
    call(VHOST_SET_VRING_ADDR, addresses.addressOffset());
    call(VHOST_SET_VRING_KICK, index, kick.fd().number());
    call(VHOST_SET_VRING_CALL, index, interrupt.fd().number());
    call(VHOST_NET_SET_BACKEND, index, tap.number());
  }

  /**
   * Serves it no longer: when this returns, the kernel does not touch guest RAM for it.
   *
   * @return index of the next entry of the available ring
   */
  synchronized int stop(int index) {
    call(VHOST_NET_SET_BACKEND, index, NO_BACKEND);
    call(VHOST_GET_VRING_BASE, index, 0);
    return state.getInt(Integer.BYTES) & 0xffff;
  }

  /** Ends both queues, also where the kernel has refused to stop one. */
  @Override
  public synchronized void close() {
    fd.close();
  }
}
