package javelin.perf.exits;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import javelin.boot.guest.bench.BenchPorts;
import javelin.boot.guest.bench.ExitsGuest;
import javelin.boot.machine.CpuSetup;

/** What the C program has to know of the guest and of Javelin's machine, as a header file. */
final class CLayout {
  private CLayout() {}

  /**
   * The header.
   *
   * @param maxSamples how many times of one case are kept
   */
  static String header(int maxSamples) {
    Map<String, Long> names = new LinkedHashMap<>();
    names.put("CPUS", (long) ExitsGuest.CPUS);
    names.put("MAX_SAMPLES", (long) maxSamples);
    names.put("TSS_ADDRESS", LoopMachine.TSS_ADDRESS);
    names.put("IDENTITY_MAP_ADDRESS", LoopMachine.IDENTITY_MAP_ADDRESS);
    names.put("MSR_MTRR_DEFAULT_TYPE", (long) CpuSetup.MSR_MTRR_DEFAULT_TYPE);
    names.put("MTRR_ON_WRITE_BACK", CpuSetup.MTRR_ON_WRITE_BACK);
    names.put("COM1", (long) ExitsMachine.COM1);
    names.put("MAGIC", (long) BenchPorts.MAGIC);
    names.put("PORT_PRESENT", (long) BenchPorts.PRESENT);
    names.put("PORT_MARK", (long) BenchPorts.MARK);
    names.put("PORT_IRQFD", (long) BenchPorts.IRQFD);
    names.put("PORT_MSI", (long) BenchPorts.MSI);
    names.put("PORT_IDLE_DOORBELL", (long) BenchPorts.IDLE_DOORBELL);
    names.put("PORT_DOORBELL", (long) BenchPorts.DOORBELL);
    names.put("PORT_TIMED", (long) BenchPorts.TIMED);
    names.put("PORT_STORAGE", (long) BenchPorts.STORAGE);
    names.put("PORT_DEBUG_EXIT", (long) BenchPorts.DEBUG_EXIT);
    names.put("MMIO_STORAGE", BenchPorts.STORAGE_MMIO);
    names.put("MMIO_IDLE_DOORBELL", BenchPorts.IDLE_DOORBELL_MMIO);
    names.put("MMIO_TIMED", BenchPorts.TIMED_MMIO);
    names.put("VECTOR_IRQFD", (long) BenchPorts.VECTOR_IRQFD);
    names.put("VECTOR_MSI", (long) BenchPorts.VECTOR_MSI);
    names.put("VECTOR_DOORBELL", (long) BenchPorts.VECTOR_DOORBELL);
    return names.entrySet().stream()
        .map(name -> "#define %s 0x%x\n".formatted(name.getKey(), name.getValue()))
        .collect(Collectors.joining());
  }
}
