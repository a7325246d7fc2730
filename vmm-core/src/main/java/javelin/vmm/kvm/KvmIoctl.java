package javelin.vmm.kvm;

/**
 * Request numbers of the KVM ioctls (uapi linux/kvm.h), derived from the layouts they take
 * (asm-generic/ioctl.h: direction in bits 31-30, size in 29-16, type 0xAE in 15-8, number in 7-0).
 */
final class KvmIoctl {
  private static final int KVMIO = 0xae;
  private static final long WRITE = 1L << 30;
  private static final long READ = 2L << 30;

  // System.
  static final long KVM_GET_API_VERSION = io(0x00);
  static final long KVM_CREATE_VM = io(0x01);
  static final long KVM_GET_MSR_INDEX_LIST = iowr(0x02, 4);
  static final long KVM_CHECK_EXTENSION = io(0x03);
  static final long KVM_GET_VCPU_MMAP_SIZE = io(0x04);
  static final long KVM_GET_SUPPORTED_CPUID = iowr(0x05, 8);

  // VM.
  static final long KVM_CREATE_VCPU = io(0x41);
  static final long KVM_SET_USER_MEMORY_REGION = iow(0x46, MemorySlot.LENGTH);
  static final long KVM_SET_TSS_ADDR = io(0x47);
  static final long KVM_SET_IDENTITY_MAP_ADDR = iow(0x48, 8);
  static final long KVM_CREATE_IRQCHIP = io(0x60);
  static final long KVM_IRQ_LINE = iow(0x61, 8);
  static final long KVM_GET_IRQCHIP = iowr(0x62, IrqchipState.LENGTH);
  static final long KVM_SET_IRQCHIP = ior(0x63, IrqchipState.LENGTH);
  static final long KVM_SET_GSI_ROUTING = iow(0x6a, GsiRoutingTable.HEADER_LENGTH);
  static final long KVM_IRQFD = iow(0x76, Irqfd.LENGTH);
  static final long KVM_CREATE_PIT2 = iow(0x77, KvmVm.PIT_CONFIG_LENGTH);
  static final long KVM_IOEVENTFD = iow(0x79, KvmVm.IOEVENTFD_LENGTH);
  static final long KVM_GET_PIT2 = ior(0x9f, IrqchipState.PIT_LENGTH);
  static final long KVM_SET_PIT2 = iow(0xa0, IrqchipState.PIT_LENGTH);
  static final long KVM_ENABLE_CAP = iow(0xa3, KvmVm.ENABLE_CAP_LENGTH);
  static final long KVM_SIGNAL_MSI = iow(0xa5, MsiRequest.LENGTH);
  static final long KVM_GET_STATS_FD = io(0xce);
  static final long KVM_CREATE_DEVICE = iowr(0xe0, KvmVfio.DEVICE_LENGTH);
  static final long KVM_SET_DEVICE_ATTR = iow(0xe1, KvmVfio.ATTRIBUTE_LENGTH);

  // vCPU.
  static final long KVM_RUN = io(0x80);
  static final long KVM_GET_REGS = ior(0x81, KvmRegs.LENGTH);
  static final long KVM_SET_REGS = iow(0x82, KvmRegs.LENGTH);
  static final long KVM_GET_SREGS = ior(0x83, KvmSregs.LENGTH);
  static final long KVM_SET_SREGS = iow(0x84, KvmSregs.LENGTH);
  static final long KVM_GET_MSRS = iowr(0x88, 8);
  static final long KVM_SET_MSRS = iow(0x89, 8);
  static final long KVM_GET_LAPIC = ior(0x8e, VcpuState.LAPIC_LENGTH);
  static final long KVM_SET_LAPIC = iow(0x8f, VcpuState.LAPIC_LENGTH);
  static final long KVM_SET_CPUID2 = iow(0x90, 8);
  static final long KVM_GET_MP_STATE = ior(0x98, 4);
  static final long KVM_SET_MP_STATE = iow(0x99, 4);
  static final long KVM_NMI = io(0x9a);
  static final long KVM_SET_GUEST_DEBUG = iow(0x9b, KvmVcpu.GUEST_DEBUG_LENGTH);
  static final long KVM_GET_TSC_KHZ = io(0xa3);
  static final long KVM_GET_VCPU_EVENTS = ior(0x9f, VcpuState.EVENTS_LENGTH);
  static final long KVM_SET_VCPU_EVENTS = iow(0xa0, VcpuState.EVENTS_LENGTH);
  static final long KVM_GET_DEBUGREGS = ior(0xa1, VcpuState.DEBUGREGS_LENGTH);
  static final long KVM_SET_DEBUGREGS = iow(0xa2, VcpuState.DEBUGREGS_LENGTH);
  static final long KVM_GET_XSAVE = ior(0xa4, VcpuState.XSAVE_LENGTH);
  static final long KVM_SET_XSAVE = iow(0xa5, VcpuState.XSAVE_LENGTH);
  static final long KVM_GET_XCRS = ior(0xa6, VcpuState.XCRS_LENGTH);
  static final long KVM_SET_XCRS = iow(0xa7, VcpuState.XCRS_LENGTH);

  static long io(int number) {
    return (long) KVMIO << 8 | number;
  }

  static long ior(int number, int length) {
    return READ | (long) length << 16 | io(number);
  }

  static long iow(int number, int length) {
    return WRITE | (long) length << 16 | io(number);
  }

  static long iowr(int number, int length) {
    return READ | WRITE | (long) length << 16 | io(number);
  }

  private KvmIoctl() {}
}
