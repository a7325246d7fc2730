package javelin.boot.guest.bench;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.assign.Kit;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * Transfers of 4 KiB at random places of a disk, the same ones in each run, and how many operations
 * have failed.
 */
final class RandomBlocks {
  /** Multiplier and increment of a linear congruential generator (Knuth's MMIX). */
  private static final long FACTOR = 6_364_136_223_846_793_005L;

  private static final int INCREMENT = 1;

  /** The lower bits of such a generator are the poorer ones. */
  private static final int POOR_BITS = 24;

  private final GuestRuntime r;
  private final Assembler a;
  private final SampleLog log;
  private final Label seed;
  private final Label count;
  private final Label errors;

  RandomBlocks(Kit kit, SampleLog log) {
    r = kit.r();
    a = kit.a();
    this.log = log;
    seed = r.variable("blockSeed", 8);
    count = r.variable("blockCount", 8);
    errors = r.variable("operationErrors", 4);
  }

  /** The disk has RAX blocks of 4 KiB. */
  void count() {
    a.mov(ptr(count), RAX);
  }

  /** RAX = a block; changes RCX and RDX. */
  void next() {
    a.mov(RAX, ptr(seed)).mov(RCX, FACTOR).mul(RCX).add(RAX, INCREMENT).mov(ptr(seed), RAX);
    a.shr(RAX, POOR_BITS).xor(EDX, EDX).mov(RCX, ptr(count)).div(RCX).mov(RAX, RDX);
  }

  /** An operation has ended, with EAX for its error, 0 for none. */
  void countError() {
    Label fine = new Label("operation without error");
    a.test(EAX, EAX).jz(fine).inc(DWORD, ptr(errors)).label(fine);
  }

  /** Whether a transfer is to be measured. */
  boolean isWanted(OperationLoop loop) {
    for (AssignCase which : AssignCase.values()) {
      if (isTransfer(which) && loop.has(which)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isTransfer(AssignCase which) {
    return which.kind() == AssignCase.Kind.DISK_READ || which.kind() == AssignCase.Kind.DISK_WRITE;
  }

  /** Says why transfers are not measured. */
  void skip(OperationLoop loop, String reason) {
    for (AssignCase which : AssignCase.values()) {
      if (isTransfer(which)) {
        loop.skip(which, reason);
      }
    }
  }

  /** Measures the transfers that are to be measured. */
  void measure(OperationLoop loop, Operations reads, Operations writes) {
    one(loop, AssignCase.READ_4K_DEPTH_1, reads, 1, OperationLoop.Way.COMPLETION);
    one(loop, AssignCase.READ_4K_PACED, reads, 1, OperationLoop.Way.PACED);
    one(loop, AssignCase.READ_4K_DEPTH_32, reads, 32, OperationLoop.Way.COMPLETION);
    one(loop, AssignCase.WRITE_4K_DEPTH_1, writes, 1, OperationLoop.Way.COMPLETION);
    one(loop, AssignCase.WRITE_4K_DEPTH_32, writes, 32, OperationLoop.Way.COMPLETION);
  }

  private void one(
      OperationLoop loop, AssignCase which, Operations way, int depth, OperationLoop.Way how) {
    if (loop.has(which)) {
      a.mov(DWORD, ptr(errors), 0).mov(QWORD, ptr(seed), which.ordinal());
      loop.measure(which, way, depth, how);
      log.count("errors", errors);
    }
  }
}
