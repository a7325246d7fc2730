package javelin.vmm.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import javelin.vmm.kvm.KvmRegs;
import javelin.vmm.kvm.KvmRegs.Register;
import javelin.vmm.kvm.KvmSegment;
import javelin.vmm.kvm.KvmSregs;
import javelin.vmm.kvm.KvmSregs.Segment;
import javelin.vmm.memory.GuestMemory;

/**
 * Where a vCPU stands, for kernel developers: its registers, the code and the stack, the page-table
 * walk of RIP (and of CR2), and its last exits.
 *
 * @param regs its general registers
 * @param sregs its segment and control registers
 * @param memory the guest's RAM
 * @param lastExits its latest exits in words, the oldest first
 */
public record VcpuReport(KvmRegs regs, KvmSregs sregs, GuestMemory memory, List<String> lastExits) {
  private static final int CODE_BEFORE = 24;
  private static final int CODE_AFTER = 24;
  private static final int STACK_WORDS = 96;
  private static final int STACK_WORDS_PER_LINE = 8;
  private static final long LINEAR_32_MASK = 0xffff_ffffL;
  private static final int REGISTERS_PER_LINE = 4;

  private static final List<Register> PRINTED =
      KvmRegs.ALL.stream().filter(r -> r != Register.RIP && r != Register.RFLAGS).toList();

  /** The report, a line each. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    generalRegisters(lines);
    segments(lines);
    controlRegisters(lines);
    lines.add("");
    lines.add("Code around RIP (at <>): " + code());
    stack(lines);
    walks(lines);
    lines.add("");
    lines.add(lastExits.isEmpty() ? "No exit before." : "Last exits, the latest at the end:");
    lastExits.forEach(exit -> lines.add("  " + exit));
    return lines;
  }

  private boolean isLongMode() {
    return (sregs.efer() & ControlBits.EFER_LMA) != 0;
  }

  private String processorMode() {
    KvmSegment cs = sregs.segment(Segment.CS);
    if ((sregs.cr0() & ControlBits.CR0_PE) == 0) {
      return "real mode";
    }
    if ((regs.get(Register.RFLAGS) & ControlBits.RFLAGS_VM) != 0) {
      return "virtual-8086 mode";
    }
    String bits = isLongMode() && cs.l() ? "64-bit" : cs.db() ? "32-bit" : "16-bit";
    String family = isLongMode() ? (cs.l() ? "" : " in long mode") : " protected mode";
    return bits + family + ", ring " + (cs.selector() & 3);
  }

  private void generalRegisters(List<String> lines) {
    long flags = regs.get(Register.RFLAGS);
    lines.add(
        String.format(
            "RIP %04x:%016x  RFLAGS %08x %s  %s",
            sregs.segment(Segment.CS).selector(),
            regs.rip(),
            flags,
            ControlBits.rflags(flags),
            processorMode()));
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < PRINTED.size(); i++) {
      line.append(String.format("%-3s %016x", PRINTED.get(i), regs.get(PRINTED.get(i))));
      if (i % REGISTERS_PER_LINE == REGISTERS_PER_LINE - 1) {
        lines.add(line.toString());
        line.setLength(0);
      } else {
        line.append("  ");
      }
    }
  }

  private void segments(List<String> lines) {
    for (Segment name : Segment.values()) {
      KvmSegment segment = sregs.segment(name);
      lines.add(
          String.format(
              "%-3s %04x  base %016x  limit %08x  type %x %s",
              name,
              segment.selector(),
              segment.base(),
              segment.limit(),
              segment.type(),
              kind(segment)));
    }
    lines.add(String.format("GDT       base %016x  limit %04x", sregs.gdtBase(), sregs.gdtLimit()));
    lines.add(String.format("IDT       base %016x  limit %04x", sregs.idtBase(), sregs.idtLimit()));
  }

  private static String kind(KvmSegment segment) {
    if (segment.unusable()) {
      return "unusable";
    }
    boolean isCode = segment.s() && (segment.type() & 8) != 0;
    String size = isCode && segment.l() ? "64" : segment.db() ? "32" : "16";
    return (segment.s() ? (isCode ? "code" : "data") + size : "system")
        + " DPL "
        + segment.dpl()
        + (segment.present() ? "" : ", not present")
        + (segment.g() ? ", limit in pages" : "");
  }

  private void controlRegisters(List<String> lines) {
    lines.add(String.format("CR0 %016x %s", sregs.cr0(), ControlBits.cr0(sregs.cr0())));
    lines.add(String.format("CR2 %016x  CR3 %016x", sregs.cr2(), sregs.cr3()));
    lines.add(String.format("CR4 %016x %s", sregs.cr4(), ControlBits.cr4(sregs.cr4())));
    lines.add(
        String.format(
            "CR8 %x  EFER %x %s  APIC base %x",
            sregs.cr8(), sregs.efer(), ControlBits.efer(sregs.efer()), sregs.apicBase()));
  }

  /** The linear address of {@code offset} in a segment; bases count outside 64-bit code only. */
  private long linear(Segment segment, long offset) {
    if (isLongMode() && sregs.segment(Segment.CS).l()) {
      return offset;
    }
    return (sregs.segment(segment).base() + offset) & LINEAR_32_MASK;
  }

  private OptionalLong physical(long linear) {
    return PageWalk.of(memory, sregs, linear).physical();
  }

  private String code() {
    long rip = linear(Segment.CS, regs.rip());
    StringBuilder text = new StringBuilder();
    for (int i = -CODE_BEFORE; i < CODE_AFTER; i++) {
      OptionalLong address = physical(rip + i);
      String hex =
          address.isPresent() && memory.contains(address.getAsLong(), 1)
              ? String.format("%02x", memory.readU8(address.getAsLong()))
              : "??";
      text.append(i == -CODE_BEFORE ? "" : " ").append(i == 0 ? "<" + hex + ">" : hex);
    }
    return text.toString();
  }

  /** A call chain in a kernel is rarely longer; the words behind it cost a reader nothing. */
  private void stack(List<String> lines) {
    List<String> words = stackWords();
    for (int i = 0; i < words.size(); i += STACK_WORDS_PER_LINE) {
      List<String> line = words.subList(i, Math.min(i + STACK_WORDS_PER_LINE, words.size()));
      lines.add((i == 0 ? "Stack from RSP: " : "  ") + String.join(" ", line));
    }
  }

  private List<String> stackWords() {
    long rsp = linear(Segment.SS, regs.get(Register.RSP));
    boolean is64Bit = isLongMode() && sregs.segment(Segment.CS).l();
    int size = is64Bit ? Long.BYTES : Integer.BYTES;
    List<String> words = new ArrayList<>();
    for (int i = 0; i < STACK_WORDS; i++) {
      OptionalLong address = physical(rsp + (long) i * size);
      if (address.isEmpty() || !memory.contains(address.getAsLong(), size)) {
        words.add("not readable");
        break;
      }
      words.add(
          is64Bit
              ? String.format("%016x", memory.readU64(address.getAsLong()))
              : String.format("%08x", memory.readU32(address.getAsLong())));
    }
    return words;
  }

  private void walks(List<String> lines) {
    long rip = linear(Segment.CS, regs.rip());
    lines.add("");
    add(lines, "Page walk of RIP ", rip);
    if (sregs.cr2() != 0 && sregs.cr2() != rip && PageWalk.Mode.of(sregs) != PageWalk.Mode.OFF) {
      add(lines, "Page walk of CR2, the last page fault, ", sregs.cr2());
    }
  }

  private void add(List<String> lines, String title, long linear) {
    List<String> walk = PageWalk.of(memory, sregs, linear).describe();
    lines.add(title + walk.get(0));
    lines.addAll(walk.subList(1, walk.size()));
  }
}
