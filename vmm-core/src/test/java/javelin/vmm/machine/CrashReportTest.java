package javelin.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.List;
import java.util.SplittableRandom;
import javelin.vmm.kvm.KvmRegs;
import javelin.vmm.kvm.KvmRegs.Register;
import javelin.vmm.kvm.KvmSegment;
import javelin.vmm.kvm.KvmSregs;
import javelin.vmm.kvm.KvmSregs.Segment;
import javelin.vmm.memory.GuestMemory;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class CrashReportTest {
  /** Kept, as guest RAM is gone when nothing refers to it any more. */
  private final TestTables tables = new TestTables();

  private final GuestMemory memory = tables.memory;

  private static VcpuCrash crash(VcpuCrash.Cause cause, long detail, Long... data) {
    return new VcpuCrash(1, cause, detail, List.of(data));
  }

  private static final VcpuCrash TRIPLE_FAULT = crash(VcpuCrash.Cause.TRIPLE_FAULT, 0);

  private String text(VcpuCrash crash, KvmRegs regs, KvmSregs sregs, String... exits) {
    return new CrashReport(crash, new VcpuReport(regs, sregs, memory, List.of(exits))).text();
  }

  /** A 64-bit kernel with its stack and code on pages of their own, the next page not mapped. */
  private String kernelReport() {
    memory.writeU64(0x1000, 0x2003);
    memory.writeU64(0x2000, 0x3003);
    memory.writeU64(0x3000, 0x4003);
    memory.writeU64(0x4000 + 0x10 * 8, 0x8003);
    memory.writeU64(0x4000 + 0x20 * 8, 0x9003);
    for (int i = 0; i < 4096; i++) {
      memory.writeU8(0x8000 + i, i);
    }
    memory.writeU64(0x9fe8, 0xaabb);
    memory.writeU64(0x9ff0, 0xccdd);
    memory.writeU64(0x9ff8, 0xeeff);
    KvmSregs sregs =
        TestTables.levels4(0x1000)
            .segment(Segment.CS, KvmSegment.flatCode(0x10, true))
            .segment(Segment.SS, KvmSegment.flatData(0x18))
            .segment(Segment.TR, KvmSegment.tss(0x40))
            .gdt(0x5000, 0x7f)
            .idt(0x6000, 0xfff);
    TestTables.cr2(sregs, 0xdead_beefL);
    KvmRegs regs =
        new KvmRegs()
            .set(Register.RIP, 0x1_0ff8)
            .set(Register.RSP, 0x2_0fe8)
            .set(Register.RAX, 0x1122)
            .set(Register.R15, -1)
            .set(Register.RFLAGS, 0x1_0046);
    return text(TRIPLE_FAULT, regs, sregs, "port 0x3f8 write of 1", "MMIO 0xfee000b0 write of 4");
  }

  @Test
  void shouldShowAKernelsLastState() {
    assertThat(kernelReport().lines())
        .containsExactly(
            "vCPU 1 cannot go on: triple fault",
            "  An exception could not be delivered, nor the double fault that followed: the IDT, its"
                + " handlers, the stack or the page tables are not usable.",
            "",
            "RIP 0010:0000000000010ff8  RFLAGS 00010046 [PF ZF RF]  64-bit, ring 0",
            "RAX 0000000000001122  RBX 0000000000000000  RCX 0000000000000000  RDX 0000000000000000",
            "RSI 0000000000000000  RDI 0000000000000000  RSP 0000000000020fe8  RBP 0000000000000000",
            "R8  0000000000000000  R9  0000000000000000  R10 0000000000000000  R11 0000000000000000",
            "R12 0000000000000000  R13 0000000000000000  R14 0000000000000000  R15 ffffffffffffffff",
            "CS  0010  base 0000000000000000  limit ffffffff  type b code64 DPL 0, limit in pages",
            "DS  0000  base 0000000000000000  limit 00000000  type 0 system DPL 0, not present",
            "ES  0000  base 0000000000000000  limit 00000000  type 0 system DPL 0, not present",
            "FS  0000  base 0000000000000000  limit 00000000  type 0 system DPL 0, not present",
            "GS  0000  base 0000000000000000  limit 00000000  type 0 system DPL 0, not present",
            "SS  0018  base 0000000000000000  limit ffffffff  type 3 data32 DPL 0, limit in pages",
            "TR  0040  base 0000000000000000  limit 00000067  type b system DPL 0",
            "LDT 0000  base 0000000000000000  limit 00000000  type 0 system DPL 0, not present",
            "GDT       base 0000000000005000  limit 007f",
            "IDT       base 0000000000006000  limit 0fff",
            "CR0 0000000080000001 [PE PG]",
            "CR2 00000000deadbeef  CR3 0000000000001000",
            "CR4 0000000000000020 [PAE]",
            "CR8 0  EFER d00 [LME LMA NXE]  APIC base 0",
            "",
            "Code around RIP (at <>): e0 e1 e2 e3 e4 e5 e6 e7 e8 e9 ea eb ec ed ee ef f0 f1 f2 f3 f4 f5"
                + " f6 f7 <f8> f9 fa fb fc fd fe ff ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ??",
            "Stack from RSP: 000000000000aabb 000000000000ccdd 000000000000eeff not readable",
            "",
            "Page walk of RIP 0x10ff8: 4-level paging, CR3 0x1000",
            "  PML4E[  0] at 0x000000001000 = 0x0000000000002003  P RW",
            "  PDPTE[  0] at 0x000000002000 = 0x0000000000003003  P RW",
            "  PDE  [  0] at 0x000000003000 = 0x0000000000004003  P RW",
            "  PTE  [ 16] at 0x000000004080 = 0x0000000000008003  P RW",
            "  maps to 0x8ff8, a page of 4 KiB, supervisor, writable, executable",
            "Page walk of CR2, the last page fault, 0xdeadbeef: 4-level paging, CR3 0x1000",
            "  PML4E[  0] at 0x000000001000 = 0x0000000000002003  P RW",
            "  PDPTE[  3] at 0x000000002018 = 0x0000000000000000  -",
            "  stops at the PDPTE: it is not present",
            "",
            "Last exits, the latest at the end:",
            "  port 0x3f8 write of 1",
            "  MMIO 0xfee000b0 write of 4");
  }

  @Test
  void shouldAddTheSegmentBaseOutsideLongMode() {
    KvmSregs sregs =
        TestTables.real()
            .segment(
                Segment.CS,
                new KvmSegment(
                    0x7_0000, 0xffff, 0x7000, 0xb, true, 0, false, true, false, false, false))
            .segment(
                Segment.SS,
                new KvmSegment(
                    0x8_0000, 0xffff, 0x8000, 3, true, 0, false, true, false, false, false));
    memory.writeU8(0x7_0100, 0xf4);
    memory.writeU32(0x8_0200, 0x1234);
    String text =
        text(TRIPLE_FAULT, new KvmRegs().set(Register.RIP, 0x100).set(Register.RSP, 0x200), sregs);
    assertThat(text)
        .contains("RIP 7000:0000000000000100  RFLAGS 00000000 []  real mode")
        .contains(" 00 <f4> 00 ")
        .contains("Stack from RSP: 00001234 00000000")
        .contains("Page walk of RIP 0x70100: paging is off")
        .contains("type b code16 DPL 0")
        .doesNotContain("CR2, the last page fault")
        .endsWith("No exit before.");
  }

  @Test
  void shouldSayThatTheHostHasResetTheVcpu() {
    KvmSregs sregs =
        TestTables.real()
            .segment(
                Segment.CS,
                new KvmSegment(
                    0xffff_0000L, 0xffff, 0xf000, 0xb, true, 0, false, true, false, false, false));
    KvmRegs regs = new KvmRegs().set(Register.RIP, 0xfff0);
    assertThat(text(TRIPLE_FAULT, regs, sregs)).contains("on AMD hosts KVM resets the vCPU");
    assertThat(text(crash(VcpuCrash.Cause.INTERNAL_ERROR, 1), regs, sregs))
        .doesNotContain("on AMD hosts");
  }

  @Test
  void shouldShowTheInstructionThatTheEmulatorDoesNotKnow() {
    // Flags: bytes given; size 5, then lock cmpxchg16b [rdi] and what is beyond the size.
    VcpuCrash crash =
        crash(VcpuCrash.Cause.INTERNAL_ERROR, 1, 1L, 0x9090_0fc7_0f48_f005L, 0L, 0x30L);
    assertThat(CrashCause.describe(crash))
        .containsExactly(
            "KVM internal error, suberror 1 (emulation failure)",
            "KVM's instruction emulator does not know the instruction, or could not read it.",
            "instruction bytes: f0 48 0f c7 0f",
            "data[0]: 0x30");
    assertThat(CrashCause.describe(crash(VcpuCrash.Cause.INTERNAL_ERROR, 1))).hasSize(2);
    assertThat(CrashCause.describe(crash(VcpuCrash.Cause.INTERNAL_ERROR, 1, 1L, 0xffL))).hasSize(3);
    assertThat(CrashCause.describe(crash(VcpuCrash.Cause.INTERNAL_ERROR, 1, 1L, 0xffL, 0L)).get(2))
        .as("a size beyond the bytes")
        .isEqualTo("instruction bytes: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          2  | KVM internal error, suberror 2 (simultaneous exceptions) | vectoring info: 0xa
          3  | KVM internal error, suberror 3 (exit during event delivery) | hardware exit reason: 0xb
          4  | KVM internal error, suberror 4 (unexpected exit reason) | hardware exit reason: 0xa
          99 | KVM internal error, suberror 99 (unknown) | data[0]: 0xa
          """)
  void shouldNameTheDataOfInternalErrors(long suberror, String first, String line) {
    assertThat(
            CrashCause.describe(
                crash(VcpuCrash.Cause.INTERNAL_ERROR, suberror, 10L, 11L, 12L, 13L)))
        .startsWith(first)
        .contains(line)
        .contains("data[3]: 0xd");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          0x80000021 | reason 0x80000021 | Intel: invalid guest state
          0x80000022 | reason 0x80000022 | Intel: an MSR could not be loaded
          0x80000029 | reason 0x80000029 | Intel: a machine check
          0x80000055 | reason 0x80000055 | basic reason 85
          7          | reason 0x7        | invalid control fields
          8          | reason 0x8        | invalid host state
          99         | reason 0x63       | See the VM-instruction errors
          -1         | reason 0xffffffffffffffff | AMD: VMRUN found
          0xffffffff | reason 0xffffffff | AMD: VMRUN found
          """)
  void shouldExplainWhyTheHardwareRefusedToEnter(String reason, String first, String second) {
    List<String> lines =
        CrashCause.describe(crash(VcpuCrash.Cause.FAIL_ENTRY, Long.decode(reason)));
    assertThat(lines.get(0)).isEqualTo("the hardware refused to enter the guest, " + first);
    assertThat(lines.get(1)).contains(second);
  }

  @Test
  void shouldNameOtherCauses() {
    assertThat(CrashCause.describe(crash(VcpuCrash.Cause.UNHANDLED_EXIT, 27)))
        .containsExactly("an exit that nothing handles: KVM_EXIT_HYPERV (27)");
    assertThat(CrashCause.describe(crash(VcpuCrash.Cause.UNHANDLED_EXIT, 1234)))
        .containsExactly("an exit that nothing handles: KVM exit 1234");
    assertThat(CrashCause.describe(crash(VcpuCrash.Cause.RUN_FAILED, 14)))
        .containsExactly("KVM_RUN failed: EFAULT (bad address)");
    assertThat(CrashCause.exitName(39)).isEqualTo("KVM_EXIT_MEMORY_FAULT (39)");
    assertThat(CrashCause.exitName(17)).isEqualTo("KVM_EXIT_INTERNAL_ERROR (17)");
  }

  /** The guest chose every register: no value may end the report with an exception. */
  @ParameterizedTest
  @EnumSource(VcpuCrash.Cause.class)
  void shouldReportAnyState(VcpuCrash.Cause cause) {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 200; i++) {
      KvmRegs regs = new KvmRegs();
      KvmSregs sregs = new KvmSregs();
      fill(random, regs.address(), KvmRegs.LENGTH);
      fill(random, sregs.address(), KvmSregs.LENGTH);
      assertThatCode(
              () ->
                  assertThat(
                          text(crash(cause, 1 + random.nextInt(5), 1L, -1L, -1L, -1L), regs, sregs))
                      .contains("Page walk of RIP"))
          .as("seed %d", seed)
          .doesNotThrowAnyException();
    }
  }

  private static void fill(SplittableRandom random, long address, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    new UnsafeBuffer(address, length).putBytes(0, bytes);
  }
}
