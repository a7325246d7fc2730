package javelin.vmm.kvm;

/**
 * How a guest's processors are grouped, and with it their APIC ids: a field of bits each for
 * package, core and thread, wide enough for its count.
 *
 * @param packages processor packages (sockets)
 * @param cores cores of each package
 * @param threads threads of each core
 */
public record CpuTopology(int packages, int cores, int threads) {
  /** Checks that each count is above 0 and that APIC ids fit in 31 bits. */
  public CpuTopology {
    if (packages < 1 || cores < 1 || threads < 1) {
      throw new IllegalArgumentException(
          String.format(
              "CPU topology of %d packages, %d cores, %d threads: each is at least 1",
              packages, cores, threads));
    }
    if (bits(packages) + bits(cores) + bits(threads) >= Integer.SIZE) {
      throw new IllegalArgumentException("CPU topology with APIC ids beyond 31 bits");
    }
  }

  /** One package of {@code cpus} cores with one thread each: the APIC id is the vCPU's index. */
  public static CpuTopology flat(int cpus) {
    return new CpuTopology(1, cpus, 1);
  }

  private static int bits(int count) {
    return Integer.SIZE - Integer.numberOfLeadingZeros(count - 1);
  }

  /** Logical processors in all. */
  public int cpus() {
    return packages * cores * threads;
  }

  /** Logical processors of each package. */
  public int cpusPerPackage() {
    return cores * threads;
  }

  /** Bits of the APIC id below the core's number. */
  public int threadBits() {
    return bits(threads);
  }

  /** Bits of the APIC id below the package's number. */
  public int packageShift() {
    return bits(threads) + bits(cores);
  }

  /** The package of a vCPU, counted from 0. */
  public int packageOf(int vcpu) {
    return vcpu / cpusPerPackage();
  }

  /** The core of a vCPU in its package, counted from 0. */
  public int coreOf(int vcpu) {
    return vcpu / threads % cores;
  }

  /** The APIC id of a vCPU, counted from 0. */
  public int apicId(int vcpu) {
    if (vcpu < 0 || vcpu >= cpus()) {
      throw new IllegalArgumentException("no vCPU " + vcpu + " among " + cpus());
    }
    return packageOf(vcpu) << packageShift() | coreOf(vcpu) << threadBits() | vcpu % threads;
  }
}
