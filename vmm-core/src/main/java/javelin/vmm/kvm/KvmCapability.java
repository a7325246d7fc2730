package javelin.vmm.kvm;

/** The KVM capabilities that Javelin asks about (uapi linux/kvm.h), and what each is needed for. */
public enum KvmCapability {
  IRQCHIP(0, true, "interrupt controllers in the kernel"),
  HLT(1, false, "halted vCPUs wait in the kernel"),
  USER_MEMORY(3, true, "guest RAM from memory of this process"),
  SET_TSS_ADDR(4, true, "real mode on Intel hosts"),
  EXT_CPUID(7, true, "choosing the guest's CPUID"),
  NR_VCPUS(9, false, "recommended number of vCPUs"),
  NR_MEMSLOTS(10, false, "memory slots: RAM regions and mapped BARs"),
  MP_STATE(14, true, "starting and resetting processors"),
  IRQ_ROUTING(25, true, "routing GSIs to interrupt controllers and MSIs"),
  DESTROY_MEMORY_REGION_WORKS(21, true, "removing memory slots"),
  JOIN_MEMORY_REGIONS_WORKS(30, true, "replacing memory slots"),
  IRQFD(32, true, "interrupts from eventfds"),
  PIT2(33, true, "the programmable interval timer in the kernel"),
  SET_BOOT_CPU_ID(34, false, "booting on a processor other than the first"),
  IOEVENTFD(36, true, "doorbells that need no exit to user space"),
  SET_IDENTITY_MAP_ADDR(37, true, "real mode on Intel hosts"),
  VCPU_EVENTS(41, true, "resetting processors"),
  DEBUGREGS(50, true, "resetting processors"),
  XSAVE(55, false, "resetting extended processor state"),
  XCRS(56, false, "resetting extended processor state"),
  TSC_CONTROL(60, false, "choosing the guest's TSC frequency"),
  MAX_VCPUS(66, false, "largest number of vCPUs"),
  TSC_DEADLINE_TIMER(72, false, "the local APIC timer in TSC-deadline mode"),
  SIGNAL_MSI(77, true, "sending MSIs directly"),
  READONLY_MEM(81, false, "read-only memory slots"),
  IRQFD_RESAMPLE(82, true, "level-triggered interrupts of assigned devices"),
  DEVICE_CTRL(89, false, "the KVM-VFIO device"),
  IMMEDIATE_EXIT(136, true, "stopping a vCPU without losing the request"),
  MAX_VCPU_ID(128, false, "largest APIC id"),
  X2APIC_API(129, false, "APIC ids above 254"),
  BINARY_STATS_FD(203, false, "KVM's own statistics");

  private final int number;
  private final boolean required;
  private final String use;

  KvmCapability(int number, boolean required, String use) {
    this.number = number;
    this.required = required;
    this.use = use;
  }

  /** The number of KVM_CAP_x. */
  public int number() {
    return number;
  }

  /** Whether Javelin cannot run a guest without it. */
  public boolean required() {
    return required;
  }

  /** What it is needed for, in a few words. */
  public String use() {
    return use;
  }
}
