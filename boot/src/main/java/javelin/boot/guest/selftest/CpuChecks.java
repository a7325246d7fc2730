package javelin.boot.guest.selftest;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.asm.Reg;
import javelin.boot.guest.runtime.GuestRuntime;

/** CPUID and the time stamp counter. */
final class CpuChecks {
  private static final int LEAF_HYPERVISOR = 0x4000_0000;
  private static final int LEAF_EXTENDED = 0x8000_0001;
  private static final int ECX_HYPERVISOR_BIT = 1 << 31;
  private static final int EDX_TSC = 1 << 4;
  private static final int EDX_APIC = 1 << 9;
  private static final int EDX_LONG_MODE = 1 << 29;
  private static final int TSC_READS = 16;

  private final GuestRuntime r;
  private final Assembler a;
  private final Label name;

  CpuChecks(GuestRuntime r) {
    this.r = r;
    this.a = r.a;
    name = r.variable("cpuName", 16);
  }

  void emit() {
    r.print("CPU     ");
    a.xor(EAX, EAX).cpuid().mov(EBP, EAX);
    printName(EBX, EDX, ECX);
    a.cmp(EBP, 1);
    r.check(Cond.AE, "CPUID leaf 1 exists");
    a.mov(EAX, 1).xor(ECX, ECX).cpuid().mov(EBP, ECX).mov(R8D, EDX);
    a.test(R8D, EDX_TSC);
    r.check(Cond.NE, "CPUID offers a TSC");
    a.test(R8D, EDX_APIC);
    r.check(Cond.NE, "CPUID offers an APIC");
    a.test(EBP, ECX_HYPERVISOR_BIT & 0xffff_ffffL);
    r.check(Cond.NE, "CPUID tells of a hypervisor");
    r.print(", hypervisor ");
    a.mov(EAX, LEAF_HYPERVISOR).xor(ECX, ECX).cpuid().mov(EBP, EAX);
    printName(EBX, ECX, EDX);
    a.cmp(EBP, LEAF_HYPERVISOR);
    r.check(Cond.AE, "hypervisor leaf");
    a.mov(EAX, LEAF_EXTENDED & 0xffff_ffffL).xor(ECX, ECX).cpuid();
    a.test(EDX, EDX_LONG_MODE);
    r.check(Cond.NE, "CPUID offers long mode");
    emitTscMonotonic();
    r.endLine();
  }

  private void printName(Reg... parts) {
    for (int i = 0; i < parts.length; i++) {
      a.mov(ptr(name, 4 * i), parts[i]);
    }
    a.mov(RSI, name).call(r.puts);
  }

  private void emitTscMonotonic() {
    Label again = new Label("tsc again");
    Label back = new Label("tsc went back");
    r.readTsc();
    a.mov(RBX, RAX).mov(R8, RAX).mov(EBP, TSC_READS);
    a.label(again);
    r.readTsc();
    a.cmp(RAX, RBX).jb(back).mov(RBX, RAX).dec(EBP).jnz(again);
    // Behind the loop the flags answer: has it moved at all?
    a.label(back).cmp(RAX, RBX);
    r.check(Cond.AE, "TSC never runs backwards");
    a.cmp(RBX, R8);
    r.check(Cond.A, "TSC runs");
  }
}
