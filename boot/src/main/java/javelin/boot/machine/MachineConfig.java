package javelin.boot.machine;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import javelin.vmm.kvm.FeatureSwitch;
import javelin.vmm.memory.PageSize;
import javelin.vmm.memory.RamConfig;

/**
 * A machine and its run, as the user asked for it: plain values, complete and consistent in
 * themselves. What the host can give is another question, the host check asks it.
 *
 * @param guest what runs in it
 * @param ram size and backing of guest RAM
 * @param cpus number of virtual CPUs, 1 to {@link #MAX_CPUS}
 * @param cpuFeatures switches against KVM's default, applied in order
 * @param serial where COM1 goes
 * @param onReset what a reset by the guest leads to
 * @param onTripleFault what a triple fault leads to
 * @param timeout the longest time that the guest may run, or null for no limit
 * @param timeExits whether the time of each exit is measured, not only the count
 * @param trace what is written to standard error as it happens
 * @param assigned the devices that the guest gets beside virtual ones, each once
 * @param virtio the guest's virtio devices
 * @param control where the socket is that takes commands while the guest runs; null for none
 * @param kvmDevice the KVM device node, {@code /dev/kvm} unless told otherwise
 */
public record MachineConfig(
    GuestImage guest,
    RamConfig ram,
    int cpus,
    List<FeatureSwitch> cpuFeatures,
    SerialSpec serial,
    ResetPolicy onReset,
    ResetPolicy onTripleFault,
    Duration timeout,
    boolean timeExits,
    Set<TraceKind> trace,
    List<AssignSpec> assigned,
    VirtioSpecs virtio,
    Path control,
    Path kvmDevice) {

  /** The most CPUs that the ACPI tables and the fixed memory map have room for. */
  public static final int MAX_CPUS = 64;

  /** The least RAM: the first MiB holds the fixed areas, the kernel comes above it. */
  public static final long MIN_RAM = 2L << 20;

  /** RAM where nothing else is said, in bytes. */
  public static final long DEFAULT_RAM = 512L << 20;

  /** CPUs where nothing else is said. */
  public static final int DEFAULT_CPUS = 2;

  /** KVM's own device node. */
  public static final Path DEV_KVM = Path.of("/dev/kvm");

  /**
   * Checks that the values make a machine.
   *
   * @throws ConfigException naming the option whose value does not
   */
  public MachineConfig {
    Objects.requireNonNull(guest);
    Objects.requireNonNull(serial);
    Objects.requireNonNull(onReset);
    Objects.requireNonNull(onTripleFault);
    Objects.requireNonNull(virtio);
    Objects.requireNonNull(kvmDevice);
    checkRam(ram);
    if (cpus < 1 || cpus > MAX_CPUS) {
      throw new ConfigException("--cpus", cpus, "a guest has 1 to " + MAX_CPUS + " CPUs");
    }
    if (timeout != null && (timeout.isZero() || timeout.isNegative())) {
      throw new ConfigException("--timeout", Units.format(timeout), "the time must be above 0");
    }
    cpuFeatures = List.copyOf(cpuFeatures);
    EnumSet<TraceKind> kinds = EnumSet.noneOf(TraceKind.class);
    kinds.addAll(trace);
    trace = Collections.unmodifiableSet(kinds);
    assigned = List.copyOf(assigned);
    checkAssigned(assigned);
    virtio.consoles().requireDistinct(serial);
    if (virtio.balloon() != null) {
      virtio.balloon().requirePossible(ram, assigned);
    }
  }

  private static void checkAssigned(List<AssignSpec> assigned) {
    Set<AssignSource> seen = new HashSet<>();
    for (AssignSpec spec : assigned) {
      if (!seen.add(spec.device())) {
        throw new ConfigException("--assign", spec.device(), "name each device only once");
      }
    }
  }

  private static void checkRam(RamConfig ram) {
    String size = Units.formatSize(ram.size());
    if (ram.size() < MIN_RAM) {
      String unit = ram.size() > 0 ? "; sizes take a unit, as in 512M" : "";
      throw new ConfigException(
          "--memory", size, "a guest needs at least " + Units.formatSize(MIN_RAM) + unit);
    }
    long page = ram.pages().bytes();
    if (ram.size() % page != 0) {
      boolean huge = ram.pages() == PageSize.HUGE_2M || ram.pages() == PageSize.HUGE_1G;
      throw new ConfigException(
          "--memory",
          size,
          String.format(
              "not a multiple of the %spage size, %s; the next one is %s",
              huge ? "huge " : "",
              Units.formatSize(page),
              Units.formatSize((ram.size() / page + 1) * page)));
    }
  }

  /** The machine of {@code javelin run} without options: the built-in guest on standard output. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects values; what is not set keeps its default. */
  public static final class Builder {
    private GuestImage guest = GuestImage.BuiltIn.SELF_TEST;
    private RamConfig ram = RamConfig.of(DEFAULT_RAM);
    private int cpus = DEFAULT_CPUS;
    private List<FeatureSwitch> cpuFeatures = List.of();
    private SerialSpec serial = SerialSpec.STDIO;
    private ResetPolicy onReset = ResetPolicy.RESET;
    private ResetPolicy onTripleFault = ResetPolicy.STOP;
    private Duration timeout;
    private boolean timeExits;
    private Set<TraceKind> trace = Set.of();
    private List<AssignSpec> assigned = List.of();
    private VirtioSpecs virtio = VirtioSpecs.NONE;
    private Path control;
    private Path kvmDevice = DEV_KVM;

    private Builder() {}

    /** Sets what runs in the machine. */
    public Builder guest(GuestImage image) {
      guest = image;
      return this;
    }

    /** Sets size and backing of guest RAM. */
    public Builder ram(RamConfig config) {
      ram = config;
      return this;
    }

    /** Sets the number of virtual CPUs. */
    public Builder cpus(int number) {
      cpus = number;
      return this;
    }

    /** Sets the CPU feature switches. */
    public Builder cpuFeatures(List<FeatureSwitch> features) {
      cpuFeatures = features;
      return this;
    }

    /** Sets where COM1 goes. */
    public Builder serial(SerialSpec spec) {
      serial = spec;
      return this;
    }

    /** Sets what a reset by the guest leads to. */
    public Builder onReset(ResetPolicy policy) {
      onReset = policy;
      return this;
    }

    /** Sets what a triple fault leads to. */
    public Builder onTripleFault(ResetPolicy policy) {
      onTripleFault = policy;
      return this;
    }

    /** Sets the longest time that the guest may run; null for no limit. */
    public Builder timeout(Duration limit) {
      timeout = limit;
      return this;
    }

    /** Sets whether the time of each exit is measured. */
    public Builder timeExits(boolean on) {
      timeExits = on;
      return this;
    }

    /** Sets what is traced. */
    public Builder trace(Set<TraceKind> kinds) {
      trace = kinds;
      return this;
    }

    /** Sets the devices that the guest gets beside virtual ones. */
    public Builder assigned(List<AssignSpec> specs) {
      assigned = specs;
      return this;
    }

    /** Sets the guest's virtio devices. */
    public Builder virtio(VirtioSpecs specs) {
      virtio = specs;
      return this;
    }

    /** Sets where the socket is that takes commands; null for none. */
    public Builder control(Path path) {
      control = path;
      return this;
    }

    /** Sets the KVM device node. */
    public Builder kvmDevice(Path path) {
      kvmDevice = path;
      return this;
    }

    /**
     * The configuration.
     *
     * @throws ConfigException naming the option whose value makes no machine
     */
    public MachineConfig build() {
      return new MachineConfig(
          guest,
          ram,
          cpus,
          cpuFeatures,
          serial,
          onReset,
          onTripleFault,
          timeout,
          timeExits,
          trace,
          assigned,
          virtio,
          control,
          kvmDevice);
    }
  }
}
