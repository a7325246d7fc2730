package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Label;

/**
 * The driver's side of a packed virtqueue (virtio 1.2, 2.8). Each request is an indirect table, so
 * that it takes one descriptor, and the number of the request alone says which one, and in which
 * round.
 */
final class PackedQueue extends VirtioQueue {
  private static final int BYTES = 0x280;
  private static final int PAGE = 4096;

  /** Where the table is in {@link #memory}. */
  private static final int TABLE = 0x300;

  private static final int LENGTH = 8;
  private static final int ID = 12;
  private static final int FLAGS = 14;
  private static final int AVAIL = 1 << 7;
  private static final int USED = 1 << 15;

  /** Of the driver's event structure: its flags, in the upper half. */
  private static final int DISABLE = 1 << 16;

  private static final int AT = 2 << 16;
  private static final int WRAP = 1 << 15;

  /** Shifts of a request's number: from its place in bytes, and to its round. */
  private static final int PLACE_SHIFT = 4;

  private static final int ROUND_SHIFT = 3;

  /** Number of the next request (32 bits). */
  private final Label number;

  /** Bytes of its table (32 bits). */
  private final Label tableBytes;

  PackedQueue(Kit kit, PciInterrupts interrupts) {
    super(kit, interrupts, "packedQueue");
    number = r.variable("packedQueueNumber", 4);
    tableBytes = r.variable("packedQueueTable", 4);
  }

  @Override
  protected void emitSetUp() {
    a.mov(ptr(usesEventIdx), EAX).mov(DWORD, ptr(number), 0);
    a.mov(RDI, memory).mov(ECX, BYTES / 8).xor(EAX, EAX).rep().stos(QWORD);
  }

  @Override
  void emitBuffers(Buffer... buffers) {
    for (int i = 0; i < buffers.length; i++) {
      int flags = (buffers[i].isWritable() ? WRITE : 0) << 16;
      emitDescriptor(TABLE + i * DESCRIPTOR, buffers[i], flags);
    }
    a.mov(DWORD, ptr(tableBytes), (long) buffers.length * DESCRIPTOR);
  }

  /** RDX = the descriptor of the request. */
  private void emitPlace() {
    a.mov(EDX, ptr(number)).and(EDX, SIZE - 1).shl(EDX, PLACE_SHIFT);
    a.mov(RAX, memory).add(RDX, RAX);
  }

  /** ECX = {@code bits} in even rounds, where the wrap counters are 1, else 0. */
  private void emitInEvenRounds(int bits) {
    a.mov(ECX, ptr(number)).shr(ECX, ROUND_SHIFT).and(ECX, 1).dec(ECX).and(ECX, bits);
  }

  @Override
  void emitWant(Way way) {
    if (way == Way.POLLING) {
      a.mov(DWORD, ptr(memory, OF_DRIVER), DISABLE);
      return;
    }
    Label always = new Label("packed always");
    a.xor(EAX, EAX).cmp(DWORD, ptr(usesEventIdx), 0).jz(always);
    emitInEvenRounds(WRAP);
    a.mov(EAX, ptr(number)).and(EAX, SIZE - 1).or(EAX, ECX).or(EAX, AT);
    a.label(always).mov(ptr(memory, OF_DRIVER), EAX);
  }

  @Override
  void emitSubmit() {
    emitPlace();
    a.mov(RAX, memory).add(RAX, TABLE).mov(ptr(RDX), RAX);
    a.mov(EAX, ptr(tableBytes)).mov(ptr(RDX, LENGTH), EAX);
    // Any number may name it.
    a.mov(EAX, ptr(number)).mov(ptr(RDX, ID), AX);
    emitInEvenRounds(AVAIL | USED);
    a.xor(ECX, USED).or(ECX, INDIRECT).mov(ptr(RDX, FLAGS), CX);
    a.mov(RDX, ptr(doorbell)).mov(WORD, ptr(RDX), 0);
  }

  @Override
  void compareDone() {
    emitPlace();
    emitInEvenRounds(AVAIL | USED);
    a.movzx(EAX, WORD, ptr(RDX, FLAGS)).and(EAX, AVAIL | USED).cmp(EAX, ECX);
  }

  @Override
  void compareName() {
    emitPlace();
    a.movzx(EAX, WORD, ptr(RDX, ID)).mov(ECX, ptr(number)).cmp(EAX, ECX);
  }

  @Override
  void emitTaken() {
    a.inc(DWORD, ptr(number));
  }

  @Override
  void emitWritten() {
    a.dec(DWORD, ptr(number));
    emitPlace();
    a.inc(DWORD, ptr(number)).mov(EAX, ptr(RDX, LENGTH));
  }

  @Override
  protected void emitRoom() {
    a.label(memory).zero(PAGE);
  }
}
