package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * The driver's side of a split virtqueue (virtio 1.2, 2.7), with one request at a time, whose chain
 * begins at descriptor 0. Its registers are those of {@link VirtioDriver}.
 */
final class VirtioQueue {
  static final int SIZE = 8;

  /** Offsets in {@link #memory}. */
  static final int DESCRIPTORS = 0;

  static final int AVAILABLE = 0x100;
  static final int USED = 0x200;

  private static final int BYTES = 0x280;
  private static final int PAGE = 4096;
  private static final int DESCRIPTOR = 16;
  private static final int NEXT = 1;
  private static final int WRITE = 2;
  private static final int INDEX = 2;
  private static final int RING = 4;
  private static final int USED_EVENT = RING + 2 * SIZE;
  private static final int USED_LENGTH = RING + 4;
  private static final int TIMEOUT_US = 2_000_000;

  /** How a request's end is heard of. */
  enum Way {
    INTERRUPT,
    POLLING
  }

  /** A part of a request: {@code bytes} at {@code at}, for the device to write or to read. */
  record Buffer(Label at, int bytes, boolean isWritable) {}

  private final GuestRuntime r;
  private final Assembler a;
  private final PciInterrupts interrupts;
  private final Label usesEventIdx;

  /** The rings. */
  final Label memory = new Label("virtqueue");

  /** Where the device is notified (64 bits). */
  final Label doorbell;

  VirtioQueue(Kit kit, PciInterrupts interrupts) {
    r = kit.r();
    a = kit.a();
    this.interrupts = interrupts;
    doorbell = r.variable("virtioDoorbell", 8);
    usesEventIdx = r.variable("virtioUsesEventIdx", 4);
  }

  /** Empties the rings; EAX = 1 where EVENT_IDX was negotiated, else 0. */
  void emitSetUp() {
    a.mov(ptr(usesEventIdx), EAX);
    a.mov(RDI, memory).mov(ECX, BYTES / 8).xor(EAX, EAX).rep().stos(QWORD);
  }

  /** Makes a request of {@code buffers} and waits for its end; {@code name} is for messages. */
  void emitRequest(Way way, String name, Buffer... buffers) {
    for (int i = 0; i < buffers.length; i++) {
      boolean isLast = i + 1 == buffers.length;
      int flags = (buffers[i].isWritable() ? WRITE : 0) | (isLast ? 0 : NEXT | (i + 1) << 16);
      int at = DESCRIPTORS + i * DESCRIPTOR;
      a.mov(RAX, buffers[i].at()).mov(ptr(memory, at), RAX);
      a.mov(DWORD, ptr(memory, at + 8), buffers[i].bytes());
      a.mov(DWORD, ptr(memory, at + 12), flags);
    }
    emitWant(way);
    if (way == Way.INTERRUPT) {
      interrupts.expectOne(this::emitSubmit, name + " is one interrupt");
    } else {
      interrupts.expectNone(this::emitSubmit, "no interrupt that is not wanted");
      r.await(this::compareIndices, Cond.E, TIMEOUT_US);
    }
    compareIndices();
    r.check(Cond.E, name + " comes back");
    lastUsed();
    a.cmp(DWORD, ptr(RDX, RCX, 8, USED + RING), 0);
    r.check(Cond.E, name + " comes back under its own name");
  }

  /** EAX = bytes that the device says it has written for the last request. */
  void emitWritten() {
    lastUsed();
    a.mov(EAX, ptr(RDX, RCX, 8, USED + USED_LENGTH));
  }

  /** Asks for an interrupt at the next element used, or for none. */
  private void emitWant(Way way) {
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

  private void emitSubmit() {
    a.mov(RDX, memory).movzx(ECX, WORD, ptr(RDX, AVAILABLE + INDEX)).mov(EAX, ECX);
    a.and(ECX, SIZE - 1).mov(WORD, ptr(RDX, RCX, 2, AVAILABLE + RING), 0);
    a.inc(EAX).mov(ptr(RDX, AVAILABLE + INDEX), AX);
    a.mov(RDX, ptr(doorbell)).mov(WORD, ptr(RDX), 0);
  }

  private void compareIndices() {
    a.movzx(EAX, WORD, ptr(memory, AVAILABLE + INDEX));
    a.movzx(ECX, WORD, ptr(memory, USED + INDEX)).cmp(EAX, ECX);
  }

  /** The last element is at RDX + 8 * RCX + {@code USED + RING}. */
  private void lastUsed() {
    a.mov(RDX, memory).movzx(ECX, WORD, ptr(RDX, AVAILABLE + INDEX)).dec(ECX).and(ECX, SIZE - 1);
  }

  void emitRoom() {
    a.label(memory).zero(PAGE);
  }
}
