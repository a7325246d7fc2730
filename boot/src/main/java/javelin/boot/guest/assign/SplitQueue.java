package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

/**
 * The driver's side of a split virtqueue (virtio 1.2, 2.7): the chain of its one request begins at
 * descriptor 0.
 */
final class SplitQueue extends VirtioQueue {
  private static final int AVAILABLE = OF_DRIVER;
  private static final int USED = OF_DEVICE;
  private static final int BYTES = 0x280;
  private static final int PAGE = 4096;
  private static final int INDEX = 2;
  private static final int RING = 4;
  private static final int USED_EVENT = RING + 2 * SIZE;
  private static final int USED_LENGTH = RING + 4;

  SplitQueue(Kit kit, PciInterrupts interrupts) {
    this(kit, interrupts, "splitQueue");
  }

  SplitQueue(Kit kit, PciInterrupts interrupts, String name) {
    super(kit, interrupts, name);
  }

  @Override
  protected void emitSetUp() {
    a.mov(ptr(usesEventIdx), EAX);
    a.mov(RDI, memory).mov(ECX, BYTES / 8).xor(EAX, EAX).rep().stos(QWORD);
  }

  @Override
  void emitBuffers(Buffer... buffers) {
    for (int i = 0; i < buffers.length; i++) {
      boolean isLast = i + 1 == buffers.length;
      int flags = (buffers[i].isWritable() ? WRITE : 0) | (isLast ? 0 : NEXT | (i + 1) << 16);
      emitDescriptor(DESCRIPTORS + i * DESCRIPTOR, buffers[i], flags);
    }
  }

  @Override
  void compareName() {
    lastUsed();
    a.cmp(DWORD, ptr(RDX, RCX, 8, USED + RING), 0);
  }

  @Override
  void emitTaken() {}

  @Override
  void emitWritten() {
    lastUsed();
    a.mov(EAX, ptr(RDX, RCX, 8, USED + USED_LENGTH));
  }

  @Override
  void emitWant(Way way) {
    a.movzx(EAX, WORD, ptr(memory, USED + INDEX));
    if (way == Way.POLLING) {
      a.dec(EAX);
    }
    a.mov(ptr(memory, AVAILABLE + USED_EVENT), AX).xor(EAX, EAX);
    if (way == Way.POLLING) {
      // With EVENT_IDX the flags stay 0.
      a.mov(EAX, ptr(usesEventIdx)).xor(EAX, 1);
    }
    a.mov(ptr(memory, AVAILABLE), AX);
  }

  @Override
  void emitSubmit() {
    a.mov(RDX, memory).movzx(ECX, WORD, ptr(RDX, AVAILABLE + INDEX)).mov(EAX, ECX);
    a.and(ECX, SIZE - 1).mov(WORD, ptr(RDX, RCX, 2, AVAILABLE + RING), 0);
    a.inc(EAX).mov(ptr(RDX, AVAILABLE + INDEX), AX);
    a.mov(RDX, ptr(doorbell)).mov(WORD, ptr(RDX), 0);
  }

  @Override
  void compareDone() {
    a.movzx(EAX, WORD, ptr(memory, AVAILABLE + INDEX));
    a.movzx(ECX, WORD, ptr(memory, USED + INDEX)).cmp(EAX, ECX);
  }

  /** The last element is at RDX + 8 * RCX + {@code USED + RING}. */
  private void lastUsed() {
    a.mov(RDX, memory).movzx(ECX, WORD, ptr(RDX, AVAILABLE + INDEX)).dec(ECX).and(ECX, SIZE - 1);
  }

  @Override
  protected void emitRoom() {
    a.label(memory).zero(PAGE);
  }
}
