package javelin.vmm.machine;

import javelin.vmm.kvm.KvmSregs;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.memory.GuestMemory;
import org.agrona.concurrent.UnsafeBuffer;

/** 1 MiB of guest RAM for page tables, and the control registers of each paging mode. */
final class TestTables {
  static final long SIZE = 1 << 20;
  private static final long PG_PE = 0x8000_0001L;
  private static final int CR2_OFFSET = 232;

  final GuestMemory memory = new GuestMemory();
  private final UnsafeBuffer ram = NativeMemory.allocate((int) SIZE);

  TestTables() {
    memory.add(0, SIZE, ram.addressOffset());
  }

  static KvmSregs real() {
    return new KvmSregs().cr0(0x10);
  }

  static KvmSregs bits32(long cr3) {
    return new KvmSregs().cr0(PG_PE).cr4(1 << 4).cr3(cr3);
  }

  static KvmSregs pae(long cr3) {
    return new KvmSregs().cr0(PG_PE).cr4(1 << 5).efer(1 << 11).cr3(cr3);
  }

  /** LME, LMA, NXE. */
  static KvmSregs levels4(long cr3) {
    return new KvmSregs().cr0(PG_PE).cr4(1 << 5).efer(0xd00).cr3(cr3);
  }

  static KvmSregs levels5(long cr3) {
    return levels4(cr3).cr4(1 << 5 | 1 << 12);
  }

  static void cr2(KvmSregs sregs, long value) {
    new UnsafeBuffer(sregs.address(), KvmSregs.LENGTH).putLong(CR2_OFFSET, value);
  }
}
