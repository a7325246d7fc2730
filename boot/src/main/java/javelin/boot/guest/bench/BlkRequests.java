package javelin.boot.guest.bench;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Label;
import javelin.boot.guest.assign.Kit;
import javelin.boot.guest.assign.VirtioRings;

/**
 * A split virtqueue with up to 32 requests of a block device under way (virtio 1.2, 2.7 and 5.2.6).
 * Descriptor n is the header of slot n; those of data and status are the two at 32 + 2 n. Each
 * request interrupts; the device is not notified while it says that it need not be.
 */
final class BlkRequests extends VirtioRings {
  private static final int SLOTS = OperationLoop.MOST_SLOTS;
  private static final int SIZE = 128;
  private static final int PAGE = 4096;
  private static final int AVAILABLE = SIZE * DESCRIPTOR;
  private static final int USED = PAGE - 1024;
  private static final int AREAS = 2 * PAGE;
  private static final int INDEX = 2;
  private static final int RING = 4;
  private static final int NO_NOTIFY = 1;

  /** Where the slots' headers are in the memory: 16 bytes each, and behind them the status. */
  private static final int HEADERS = AREAS;

  private static final int HEADER_SHIFT = 5;
  private static final int HEADER_BYTES = 16;
  private static final int DATA = AREAS + PAGE;
  private static final int DATA_SHIFT = 12;
  private static final int NO_STATUS = 0xee;
  private static final int DESCRIPTOR_SHIFT = 4;

  /** How many used elements have been taken (32 bits). */
  private final Label taken;

  BlkRequests(Kit kit) {
    super(kit, "blkRequests", SIZE, AVAILABLE, USED);
    taken = r.variable("blkRequestsTaken", 4);
  }

  /** Empties the rings, and writes what is the same in each request of a slot. */
  @Override
  protected void emitSetUp() {
    Label next = new Label("blk requests slot");
    a.mov(RDI, memory).mov(ECX, AREAS / 8).xor(EAX, EAX).rep().stos(QWORD).mov(ptr(taken), EAX);
    a.xor(R10D, R10D).label(next);
    // RSI: descriptor of the header, RDI: of the data, RAX: the header.
    emitDescriptors();
    a.mov(ptr(RSI), RAX).mov(DWORD, ptr(RSI, 8), HEADER_BYTES);
    a.lea(ECX, ptr(R10, R10, 1, SLOTS)).shl(ECX, 16).or(ECX, NEXT).mov(ptr(RSI, 12), ECX);
    a.add(RAX, HEADER_BYTES).mov(ptr(RDI, DESCRIPTOR), RAX);
    a.mov(DWORD, ptr(RDI, DESCRIPTOR + 8), 1).mov(DWORD, ptr(RDI, DESCRIPTOR + 12), WRITE);
    a.mov(EAX, R10D).shl(EAX, DATA_SHIFT).mov(RCX, memory).lea(RAX, ptr(RAX, RCX, 1, DATA));
    a.mov(ptr(RDI), RAX).inc(R10D).cmp(R10D, SLOTS).jb(next);
  }

  private void emitDescriptors() {
    a.mov(RCX, memory).mov(ESI, R10D).shl(ESI, DESCRIPTOR_SHIFT).lea(RDI, ptr(RCX, RSI, 2, 0));
    a.add(RDI, SLOTS * DESCRIPTOR).add(RSI, RCX).mov(EAX, R10D).shl(EAX, HEADER_SHIFT);
    a.lea(RAX, ptr(RAX, RCX, 1, HEADERS));
  }

  /** Makes the request of slot R10D available, for the sector RAX. */
  void emitStart(int type, int bytes, boolean isWritten) {
    a.push(RAX);
    emitDescriptors();
    a.pop(RCX).mov(DWORD, ptr(RAX), type).mov(ptr(RAX, 8), RCX);
    a.mov(BYTE, ptr(RAX, HEADER_BYTES), NO_STATUS).mov(DWORD, ptr(RDI, 8), bytes);
    a.lea(ECX, ptr(R10, R10, 1, SLOTS + 1)).shl(ECX, 16);
    a.or(ECX, isWritten ? NEXT | WRITE : NEXT).mov(ptr(RDI, 12), ECX);
    a.mov(RDX, memory).movzx(ECX, WORD, ptr(RDX, AVAILABLE + INDEX)).mov(EAX, ECX);
    a.and(ECX, SIZE - 1).mov(ptr(RDX, RCX, 2, AVAILABLE + RING), R10W);
    a.inc(EAX).mov(ptr(RDX, AVAILABLE + INDEX), AX);
  }

  /** Notifies the device where it asks for it. */
  void emitRing() {
    Label out = new Label("blk requests not notified");
    // What has been made available is seen by the device before its flags are read here.
    a.lock().add(DWORD, ptr(RSP, -64), 0).mov(RDX, memory);
    a.test(BYTE, ptr(RDX, USED), NO_NOTIFY).jnz(out);
    a.mov(RDX, ptr(doorbell)).mov(WORD, ptr(RDX), 0).label(out);
  }

  /**
   * R10D = the slot of a request that has come back, EAX = its status; {@code none} without one.
   */
  void emitTake(Label none) {
    a.mov(RDX, memory).mov(ECX, ptr(taken)).movzx(EAX, WORD, ptr(RDX, USED + INDEX));
    a.cmp(AX, CX).jz(none).inc(DWORD, ptr(taken)).and(ECX, SIZE - 1);
    a.mov(R10D, ptr(RDX, RCX, 8, USED + RING)).and(R10D, SLOTS - 1);
    a.mov(EAX, R10D).shl(EAX, HEADER_SHIFT);
    a.movzx(EAX, BYTE, ptr(RDX, RAX, 1, HEADERS + HEADER_BYTES));
  }

  @Override
  protected void emitRoom() {
    a.label(memory).zero(AREAS + PAGE + SLOTS * PAGE);
  }
}
