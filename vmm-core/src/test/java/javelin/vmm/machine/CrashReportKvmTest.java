package javelin.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import javelin.vmm.kvm.KvmAvailable;
import javelin.vmm.kvm.KvmSegment;
import javelin.vmm.kvm.KvmSregs;
import javelin.vmm.kvm.KvmSregs.Segment;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Crashes of real vCPUs. */
@Tag("kvm")
@Timeout(60)
class CrashReportKvmTest {
  private static final Machine.ResetPolicy STOP = new Machine.ResetPolicy(false, false);
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private static String crashOf(TestMachine test) throws InterruptedException {
    StopReason reason = test.machine.run(LIMIT);
    assertThat(reason).isInstanceOf(StopReason.Crashed.class);
    return new CrashReport(
            ((StopReason.Crashed) reason).crash(),
            new VcpuReport(
                test.vcpu.regs(),
                test.vcpu.sregs(),
                test.memory,
                test.machine.recentExits(0).describe()))
        .text();
  }

  /** An IDT of no entries: neither the exception nor the double fault finds a handler. */
  @Test
  void shouldReportATripleFault() throws Exception {
    KvmAvailable.assumeKvm();
    // out 0xe0, al; ud2
    try (TestMachine test = new TestMachine(STOP, 0xe6, 0xe0, 0x0f, 0x0b)) {
      KvmSregs sregs = test.vcpu.sregs();
      for (Segment segment : List.of(Segment.DS, Segment.ES, Segment.SS)) {
        sregs.segment(segment, KvmSegment.flatData(0x10));
      }
      sregs.segment(Segment.CS, KvmSegment.flatCode(8, false)).idt(0, 0);
      test.vcpu.sregs(sregs.cr0(sregs.cr0() | 1));
      assertThat(crashOf(test))
          .startsWith("vCPU 0 cannot go on: triple fault")
          .contains("Page walk of RIP")
          .contains("port 0xe0 write of 1");
    }
  }

  /** There is nothing to fetch behind the megabyte of RAM. */
  @Test
  void shouldReportAnEmulationFailure() throws Exception {
    KvmAvailable.assumeKvm();
    // jmp 0xffff:0xffff
    try (TestMachine test = new TestMachine(STOP, 0xea, 0xff, 0xff, 0xff, 0xff)) {
      String report = crashOf(test);
      assertThat(report)
          .startsWith("vCPU 0 cannot go on: KVM internal error, suberror 1 (emulation failure)")
          .contains("RIP ffff:000000000000ffff")
          .contains("real mode")
          .contains("<??>")
          .contains("maps to 0x10ffef, the same address, as paging is off; not RAM");
    }
  }
}
