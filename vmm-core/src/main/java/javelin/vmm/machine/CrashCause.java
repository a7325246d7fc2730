package javelin.vmm.machine;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import javelin.vmm.linux.Errno;

/**
 * What a {@link VcpuCrash} means, in words (Documentation/virt/kvm/api.rst, 5; uapi linux/kvm.h;
 * Intel SDM volume 3C, 27.7 and 31.4; AMD APM volume 2, 15.5).
 */
final class CrashCause {
  private static final int INTERNAL_EMULATION = 1;
  private static final int INTERNAL_SIMUL_EX = 2;
  private static final int INTERNAL_DELIVERY_EV = 3;
  private static final int INTERNAL_UNEXPECTED_EXIT = 4;

  private static final long EMULATION_HAS_BYTES = 1;
  private static final int EMULATION_BYTES_MAX = 15;
  private static final int EMULATION_HEADER_WORDS = 3;

  private static final long VMX_ENTRY_FAILURE = 1L << 31;
  private static final long SVM_INVALID = -1;
  private static final long SVM_INVALID_32 = 0xffff_ffffL;

  private static final String[] EXIT_NAMES = {
    "UNKNOWN",
    "EXCEPTION",
    "IO",
    "HYPERCALL",
    "DEBUG",
    "HLT",
    "MMIO",
    "IRQ_WINDOW_OPEN",
    "SHUTDOWN",
    "FAIL_ENTRY",
    "INTR",
    "SET_TPR",
    "TPR_ACCESS",
    "S390_SIEIC",
    "S390_RESET",
    "DCR",
    "NMI",
    "INTERNAL_ERROR",
    "OSI",
    "PAPR_HCALL",
    "S390_UCONTROL",
    "WATCHDOG",
    "S390_TSCH",
    "EPR",
    "SYSTEM_EVENT",
    "S390_STSI",
    "IOAPIC_EOI",
    "HYPERV",
    "ARM_NISV",
    "X86_RDMSR",
    "X86_WRMSR",
    "DIRTY_RING_FULL",
    "AP_RESET_HOLD",
    "X86_BUS_LOCK",
    "XEN",
    "RISCV_SBI",
    "RISCV_CSR",
    "NOTIFY",
    "LOONGARCH_IOCSR",
    "MEMORY_FAULT"
  };

  /** The name of KVM_EXIT_x with its number. */
  static String exitName(long reason) {
    return reason >= 0 && reason < EXIT_NAMES.length
        ? "KVM_EXIT_" + EXIT_NAMES[(int) reason] + " (" + reason + ")"
        : "KVM exit " + reason;
  }

  /** The first line says what happened, the others what it means or what KVM gave with it. */
  static List<String> describe(VcpuCrash crash) {
    return switch (crash.cause()) {
      case TRIPLE_FAULT ->
          List.of(
              "triple fault",
              "An exception could not be delivered, nor the double fault that followed: the IDT, its"
                  + " handlers, the stack or the page tables are not usable.");
      case INTERNAL_ERROR -> internal(crash);
      case FAIL_ENTRY ->
          List.of(
              String.format("the hardware refused to enter the guest, reason 0x%x", crash.detail()),
              entryFailure(crash.detail()));
      case UNHANDLED_EXIT -> List.of("an exit that nothing handles: " + exitName(crash.detail()));
      case RUN_FAILED ->
          List.of("KVM_RUN failed: " + Errno.describe(Math.toIntExact(crash.detail())));
    };
  }

  private static List<String> internal(VcpuCrash crash) {
    List<Long> data = crash.data();
    List<String> lines = new ArrayList<>();
    int suberror = (int) crash.detail();
    lines.add("KVM internal error, suberror " + suberror + " " + suberrorName(suberror));
    switch (suberror) {
      case INTERNAL_EMULATION -> emulation(data, lines);
      case INTERNAL_SIMUL_EX -> {
        lines.add("An exception came up while another event was being delivered.");
        name(data, lines, "vectoring info", "interruption info", "error code");
      }
      case INTERNAL_DELIVERY_EV -> {
        lines.add("The guest was left while an interrupt or exception was being delivered to it.");
        name(data, lines, "vectoring info", "hardware exit reason", "exit qualification");
      }
      case INTERNAL_UNEXPECTED_EXIT -> {
        lines.add("The processor left the guest for a reason that KVM has no handler for.");
        name(data, lines, "hardware exit reason", "physical CPU");
      }
      default -> name(data, lines);
    }
    return lines;
  }

  private static String suberrorName(int suberror) {
    return switch (suberror) {
      case INTERNAL_EMULATION -> "(emulation failure)";
      case INTERNAL_SIMUL_EX -> "(simultaneous exceptions)";
      case INTERNAL_DELIVERY_EV -> "(exit during event delivery)";
      case INTERNAL_UNEXPECTED_EXIT -> "(unexpected exit reason)";
      default -> "(unknown)";
    };
  }

  /** {@code emulation_failure}: u64 flags, u8 size, u8 bytes[15], then words for debugging. */
  private static void emulation(List<Long> data, List<String> lines) {
    lines.add("KVM's instruction emulator does not know the instruction, or could not read it.");
    int firstWord = Math.min(data.size(), 1);
    if (data.size() >= EMULATION_HEADER_WORDS && (data.get(0) & EMULATION_HAS_BYTES) != 0) {
      byte[] bytes = new byte[2 * Long.BYTES];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) (data.get(1 + i / Long.BYTES) >>> (8 * (i % Long.BYTES)));
      }
      int size = Math.min(bytes[0] & 0xff, EMULATION_BYTES_MAX);
      lines.add("instruction bytes: " + HexFormat.ofDelimiter(" ").formatHex(bytes, 1, 1 + size));
      firstWord = EMULATION_HEADER_WORDS;
    }
    name(data.subList(firstWord, data.size()), lines);
  }

  private static void name(List<Long> data, List<String> lines, String... names) {
    for (int i = 0; i < data.size(); i++) {
      String name = i < names.length ? names[i] : "data[" + i + "]";
      lines.add(String.format("%s: 0x%x", name, data.get(i)));
    }
  }

  private static String entryFailure(long reason) {
    if (reason == SVM_INVALID || reason == SVM_INVALID_32) {
      return "AMD: VMRUN found the guest's state or the control block invalid (VMEXIT_INVALID).";
    }
    if ((reason & VMX_ENTRY_FAILURE) != 0) {
      return switch ((int) (reason & 0xffff)) {
        case 33 ->
            "Intel: invalid guest state. The registers below break a rule of VM entry; on processors"
                + " without unrestricted guest, real mode is such a case.";
        case 34 -> "Intel: an MSR could not be loaded.";
        case 41 -> "Intel: a machine check came during VM entry.";
        default -> "Intel: VM entry failed with basic reason " + (reason & 0xffff) + ".";
      };
    }
    return switch ((int) reason) {
      case 7 -> "Intel: VM entry with invalid control fields (VM-instruction error 7).";
      case 8 -> "Intel: VM entry with invalid host state (VM-instruction error 8).";
      default -> "See the VM-instruction errors (Intel) or exit codes (AMD) of the processor.";
    };
  }

  private CrashCause() {}
}
