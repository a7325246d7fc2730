package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;

/**
 * The driver's side of a virtqueue with one request at a time. Its registers are those of {@link
 * VirtioDriver}.
 */
abstract class VirtioQueue extends VirtioRings {
  static final int SIZE = 8;
  static final int OF_DRIVER = 0x100;
  static final int OF_DEVICE = 0x200;
  static final int INDIRECT = 4;

  private static final int TIMEOUT_US = 2_000_000;

  /** How a request's end is heard of. */
  enum Way {
    INTERRUPT,
    POLLING
  }

  /** A part of a request: {@code bytes} at {@code at}, for the device to write or to read. */
  record Buffer(Label at, int bytes, boolean isWritable) {}

  private final PciInterrupts interrupts;

  /** Whether EVENT_IDX was negotiated: 1, else 0 (32 bits). */
  final Label usesEventIdx;

  VirtioQueue(Kit kit, PciInterrupts interrupts, String name) {
    super(kit, name, SIZE, OF_DRIVER, OF_DEVICE);
    this.interrupts = interrupts;
    usesEventIdx = r.variable(name + "UsesEventIdx", 4);
  }

  /** Makes a request of {@code buffers} and waits for its end; {@code name} is for messages. */
  final void emitRequest(Way way, String name, Buffer... buffers) {
    emitBuffers(buffers);
    emitWant(way);
    if (way == Way.INTERRUPT) {
      interrupts.expectOne(this::emitSubmit, name + " is one interrupt");
    } else {
      interrupts.expectNone(this::emitSubmit, "no interrupt that is not wanted");
      r.await(this::compareDone, Cond.E, TIMEOUT_US);
    }
    compareDone();
    r.check(Cond.E, name + " comes back");
    compareName();
    r.check(Cond.E, name + " comes back under its own name");
    emitTaken();
  }

  /** Writes a descriptor at {@code at} of {@link #memory}; its last four bytes are {@code rest}. */
  final void emitDescriptor(int at, Buffer buffer, int rest) {
    a.mov(RAX, buffer.at()).mov(ptr(memory, at), RAX);
    a.mov(DWORD, ptr(memory, at + 8), buffer.bytes());
    a.mov(DWORD, ptr(memory, at + 12), rest);
  }

  /** Describes the buffers of the next request. */
  abstract void emitBuffers(Buffer... buffers);

  /** Asks for an interrupt at the end of the next request, or for none. */
  abstract void emitWant(Way way);

  /** Makes the request available and notifies the device. */
  abstract void emitSubmit();

  /** Sets the zero flag where the request has come back. */
  abstract void compareDone();

  /** Sets the zero flag where what came back last has the request's name. */
  abstract void compareName();

  /** The request has been looked at. */
  abstract void emitTaken();

  /** EAX = bytes that the device says it has written for the last request. */
  abstract void emitWritten();
}
