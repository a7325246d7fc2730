package javelin.vmm.kvm;

import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Mapping;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One virtual machine (KVM API, VM ioctls).
 *
 * <p>Any thread may call; the kernel orders the calls.
 */
public final class KvmVm implements AutoCloseable {
  static final int IOEVENTFD_LENGTH = 64;
  static final int PIT_CONFIG_LENGTH = 64;
  static final int ENABLE_CAP_LENGTH = 104;

  private static final int MEMORY_READ_ONLY = 1 << 1;
  private static final int IOEVENTFD_DATAMATCH = 1;
  private static final int IOEVENTFD_PIO = 1 << 1;
  private static final int IOEVENTFD_DEASSIGN = 1 << 2;

  /** Emulates port 0x61 with the timer, as a PC speaker's gate. */
  private static final int PIT_SPEAKER_DUMMY = 1;

  private final KvmSystem system;
  private final Linux linux;
  private final Fd fd;

  KvmVm(KvmSystem system, Fd fd) {
    this.system = system;
    this.linux = system.linux();
    this.fd = fd;
  }

  /** Where an ioeventfd listens. */
  public enum Doorbell {
    PORT,
    MMIO
  }

  private int ioctl(String name, long request, long argument) {
    return fd.ioctl(name, request, argument);
  }

  /** A new vCPU; {@code id} is its APIC id. */
  public KvmVcpu createVcpu(int id) {
    int result = linux.syscalls().ioctl(fd.number(), KvmIoctl.KVM_CREATE_VCPU, id);
    Fd vcpu = linux.own(result, "KVM_CREATE_VCPU", "kvm-vcpu:" + id);
    try {
      Mapping run =
          linux.map(
              vcpu,
              0,
              system.vcpuMappingLength(),
              Linux.PROT_READ | Linux.PROT_WRITE,
              Linux.MAP_SHARED);
      return new KvmVcpu(id, vcpu, run);
    } catch (RuntimeException e) {
      vcpu.close();
      throw e;
    }
  }

  /**
   * Maps process memory into the guest.
   *
   * @param slot the slot's number; a used one is replaced
   * @param guestAddress guest-physical address, page-aligned
   * @param length bytes, a multiple of the page size
   * @param hostAddress process address, page-aligned
   */
  public void setMemorySlot(
      int slot, long guestAddress, long length, long hostAddress, boolean readOnly) {
    MemorySlot region =
        new MemorySlot(slot, readOnly ? MEMORY_READ_ONLY : 0, guestAddress, length, hostAddress);
    ioctl("KVM_SET_USER_MEMORY_REGION", KvmIoctl.KVM_SET_USER_MEMORY_REGION, region.address());
  }

  /** Takes a memory slot away. */
  public void removeMemorySlot(int slot) {
    MemorySlot region = new MemorySlot(slot, 0, 0, 0, 0);
    ioctl("KVM_SET_USER_MEMORY_REGION", KvmIoctl.KVM_SET_USER_MEMORY_REGION, region.address());
  }

  /** Where Intel hosts put the task state of real mode: three pages outside RAM, below 4 GiB. */
  public void setTssAddress(long address) {
    ioctl("KVM_SET_TSS_ADDR", KvmIoctl.KVM_SET_TSS_ADDR, address);
  }

  /** Where Intel hosts put the page table of real mode: one page outside RAM, below 4 GiB. */
  public void setIdentityMapAddress(long address) {
    UnsafeBuffer value = NativeMemory.allocate(Long.BYTES);
    value.putLong(0, address);
    ioctl("KVM_SET_IDENTITY_MAP_ADDR", KvmIoctl.KVM_SET_IDENTITY_MAP_ADDR, value.addressOffset());
  }

  /** Interrupt controllers in the kernel: two PICs, an IOAPIC, and a local APIC for each vCPU. */
  public void createIrqchip() {
    ioctl("KVM_CREATE_IRQCHIP", KvmIoctl.KVM_CREATE_IRQCHIP, 0);
  }

  /** The interval timer in the kernel, with port 0x61. */
  public void createPit() {
    UnsafeBuffer config = NativeMemory.allocate(PIT_CONFIG_LENGTH);
    config.putInt(0, PIT_SPEAKER_DUMMY);
    ioctl("KVM_CREATE_PIT2", KvmIoctl.KVM_CREATE_PIT2, config.addressOffset());
  }

  /** Replaces the whole GSI routing table. */
  public void setGsiRouting(GsiRoutingTable table) {
    ioctl("KVM_SET_GSI_ROUTING", KvmIoctl.KVM_SET_GSI_ROUTING, table.address());
  }

  /**
   * Drives a GSI.
   *
   * @param irqLevel process address of a {@code struct kvm_irq_level}: u32 irq, u32 level
   */
  public void irqLine(long irqLevel) {
    ioctl("KVM_IRQ_LINE", KvmIoctl.KVM_IRQ_LINE, irqLevel);
  }

  /** Connects or disconnects an eventfd, as {@code request} says. */
  void irqfd(Irqfd request) {
    ioctl("KVM_IRQFD", KvmIoctl.KVM_IRQFD, request.address());
  }

  /**
   * Has guest writes signal {@code event} without an exit to user space.
   *
   * @param address port or guest-physical address
   * @param length bytes of the write: 1, 2, 4 or 8; 0 for any length
   */
  public void attachIoeventfd(EventFd event, Doorbell doorbell, long address, int length) {
    ioeventfd(event, doorbell, address, length, 0, 0);
  }

  /** As {@link #attachIoeventfd}, for writes of the value {@code match} only. */
  public void attachIoeventfd(
      EventFd event, Doorbell doorbell, long address, int length, long match) {
    ioeventfd(event, doorbell, address, length, IOEVENTFD_DATAMATCH, match);
  }

  /** Undoes {@link #attachIoeventfd(EventFd, Doorbell, long, int)}. */
  public void detachIoeventfd(EventFd event, Doorbell doorbell, long address, int length) {
    ioeventfd(event, doorbell, address, length, IOEVENTFD_DEASSIGN, 0);
  }

  /** Undoes {@link #attachIoeventfd(EventFd, Doorbell, long, int, long)}. */
  public void detachIoeventfd(
      EventFd event, Doorbell doorbell, long address, int length, long match) {
    ioeventfd(event, doorbell, address, length, IOEVENTFD_DEASSIGN | IOEVENTFD_DATAMATCH, match);
  }

  private void ioeventfd(
      EventFd event, Doorbell doorbell, long address, int length, int flags, long match) {
    UnsafeBuffer ioeventfd = NativeMemory.allocate(IOEVENTFD_LENGTH);
    ioeventfd.putLong(0, match);
    ioeventfd.putLong(8, address);
    ioeventfd.putInt(16, length);
    ioeventfd.putInt(20, event.fd().number());
    ioeventfd.putInt(24, flags | (doorbell == Doorbell.PORT ? IOEVENTFD_PIO : 0));
    ioctl("KVM_IOEVENTFD", KvmIoctl.KVM_IOEVENTFD, ioeventfd.addressOffset());
  }

  /** Delivers one message-signalled interrupt; see {@link MsiRequest}. */
  boolean signalMsi(MsiRequest request) {
    return ioctl("KVM_SIGNAL_MSI", KvmIoctl.KVM_SIGNAL_MSI, request.address()) > 0;
  }

  /**
   * The VM's side of VFIO, by {@code struct kvm_create_device}: u32 type, u32 fd, u32 flags.
   *
   * @throws ErrnoException ENODEV where KVM is built without it
   */
  public KvmVfio createVfio() {
    UnsafeBuffer request = NativeMemory.allocate(KvmVfio.DEVICE_LENGTH);
    request.putInt(0, KvmVfio.TYPE);
    ioctl("KVM_CREATE_DEVICE VFIO", KvmIoctl.KVM_CREATE_DEVICE, request.addressOffset());
    return new KvmVfio(linux.own(request.getInt(4), "KVM_CREATE_DEVICE", "kvm-vfio"));
  }

  /** Switches a capability on that is off by default. */
  public void enable(KvmCapability capability, long argument) {
    UnsafeBuffer request = NativeMemory.allocate(ENABLE_CAP_LENGTH);
    request.putInt(0, capability.number());
    request.putLong(8, argument);
    ioctl("KVM_ENABLE_CAP " + capability, KvmIoctl.KVM_ENABLE_CAP, request.addressOffset());
  }

  /** The state of the interrupt controllers and the timer, to be set again by a reset. */
  public IrqchipState irqchipState() {
    return IrqchipState.read(fd);
  }

  /** Sets the state of the interrupt controllers and the timer. */
  public void irqchipState(IrqchipState state) {
    state.writeTo(fd);
  }

  /** The VM's binary statistics (KVM API, 4.130), a descriptor to be read by pread. */
  public Fd statistics() {
    int result = linux.syscalls().ioctl(fd.number(), KvmIoctl.KVM_GET_STATS_FD, 0);
    return linux.own(result, "KVM_GET_STATS_FD", "kvm-vm-stats");
  }

  /** Whether this VM's kernel knows {@code capability}; see {@link KvmSystem#check}. */
  public int check(KvmCapability capability) {
    int result =
        linux.syscalls().ioctl(fd.number(), KvmIoctl.KVM_CHECK_EXTENSION, capability.number());
    return Errno.ENOTTY.is(result) ? system.check(capability) : Math.max(result, 0);
  }

  @Override
  public void close() {
    fd.close();
  }
}
