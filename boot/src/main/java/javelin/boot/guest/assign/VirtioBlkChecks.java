package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.assign.VirtioQueue.Buffer;
import javelin.boot.guest.assign.VirtioQueue.Way;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * A block device (virtio 1.2, 5.2): the last two sectors of the disk are written, and read back
 * before and after a reset. R12 holds the first of them.
 */
final class VirtioBlkChecks implements DeviceChecks {
  private static final int IDS = 0x1042_1af4;
  private static final String NAME = "virtio-blk";
  private static final long RO = 1L << 5;
  private static final long FLUSH = 1L << 9;

  private static final int IN = 0;
  private static final int OUT = 1;
  private static final int FLUSHING = 4;
  private static final int GET_ID = 8;

  /** Of no request that there is. */
  private static final int UNKNOWN = 0x4a56;

  private static final int OK = 0;
  private static final int IOERR = 1;
  private static final int UNSUPP = 2;
  private static final int NO_STATUS = 0xee;

  private static final int HEADER_BYTES = 16;
  private static final int SECTORS = 2;
  private static final int BYTES = SECTORS * 512;
  private static final int ID_BYTES = 20;
  private static final int PAGE = 4096;

  private final GuestRuntime r;
  private final Assembler a;
  private final VirtioDriver driver;
  private final VirtioQueue queue;
  private final VirtioQueue packed;
  private final Label header;
  private final Label status;
  private final Label id;
  private final Label pattern = new Label("virtio pattern");
  private final Label found = new Label("virtio sectors");
  private final Label fill = new Label("virtio fill");
  private final Label compare = new Label("virtio compare");

  VirtioBlkChecks(Kit kit, VirtioDriver driver, VirtioQueue queue, VirtioQueue packed) {
    r = kit.r();
    a = kit.a();
    this.driver = driver;
    this.queue = queue;
    this.packed = packed;
    header = r.variable("virtioBlkHeader", HEADER_BYTES);
    status = r.variable("virtioBlkStatus", 1);
    id = r.variable("virtioBlkId", ID_BYTES + 4);
  }

  @Override
  public void emit() {
    Label other = new Label("not virtio-blk");
    Label leave = new Label("virtio-blk left");
    a.cmp(DWORD, ptr(RBX, Functions.IDS), IDS).jnz(other);
    driver.emitStart(NAME, queue, FLUSH | RO);
    emitCapacity(leave);
    a.call(fill);
    transfer(queue, "write, " + BYTES + " bytes by MSI-X", OUT, Way.INTERRUPT, pattern);
    transfer(queue, "read, the same bytes", IN, Way.INTERRUPT, found);
    emitId();
    emitFlush();
    emitRefusals();
    driver.emitStart(NAME, queue, FLUSH | VirtioDriver.EVENT_IDX);
    // A device may always interrupt for the first request after a reset.
    transfer(queue, "read by MSI-X, the same bytes", IN, Way.INTERRUPT, found);
    transfer(queue, "read by polling, the same bytes", IN, Way.POLLING, found);
    driver.emitTestPacked();
    a.jz(leave);
    emitPacked();
    a.label(leave);
    driver.emitReset();
    a.label(other);
  }

  /** R12 = the first sector to write to; goes to {@code leave} where there is none. */
  private void emitCapacity(Label leave) {
    Label writable = new Label("virtio-blk writable");
    Label large = new Label("virtio-blk large");
    r.print("  " + NAME + ": sectors: ");
    a.mov(RDX, ptr(driver.config)).mov(EAX, ptr(RDX)).mov(ECX, ptr(RDX, 4)).shl(RCX, 32);
    a.or(RAX, RCX).mov(R12, RAX).call(r.putDec);
    a.cmp(R12, SECTORS);
    r.check(Cond.AE, "room for the checks");
    a.sub(R12, SECTORS).jae(large);
    r.endLine();
    a.jmp(leave).label(large).test(DWORD, ptr(driver.accepted), RO).jz(writable);
    r.print(", read-only: left alone");
    r.endLine();
    a.jmp(leave).label(writable);
    r.endLine();
  }

  private void header(int type) {
    a.mov(DWORD, ptr(header), type).mov(BYTE, ptr(status), NO_STATUS);
    a.mov(ptr(header, 8), R12);
  }

  private Buffer headerBuffer() {
    return new Buffer(header, HEADER_BYTES, false);
  }

  private Buffer statusBuffer() {
    return new Buffer(status, 1, true);
  }

  private void checkStatus(int wanted, String name) {
    a.cmp(BYTE, ptr(status), wanted);
    r.check(Cond.E, name);
  }

  private void transfer(VirtioQueue through, String name, int type, Way way, Label data) {
    boolean isRead = type == IN;
    r.print("  " + NAME + ": " + name);
    if (isRead) {
      a.mov(RDI, found).mov(ECX, BYTES / 8).mov(EAX, -1).rep().stos(QWORD);
    }
    header(type);
    through.emitRequest(
        way,
        isRead ? "the read" : "the write",
        headerBuffer(),
        new Buffer(data, BYTES, isRead),
        statusBuffer());
    checkStatus(OK, "the status is OK");
    through.emitWritten();
    a.cmp(EAX, isRead ? BYTES + 1 : 1);
    r.check(Cond.E, "the device tells how much it has written");
    if (isRead) {
      a.call(compare);
      r.check(Cond.E, "the bytes are those that were written");
    }
    r.endLine();
  }

  /** Once round the ring and further, with the bytes that are on the disk. */
  private void emitPacked() {
    driver.emitStart(NAME, packed, FLUSH | VirtioDriver.EVENT_IDX | VirtioDriver.INDIRECT_DESC);
    for (int i = 0; i < VirtioQueue.SIZE / 2; i++) {
      transfer(packed, "packed, write by MSI-X", OUT, Way.INTERRUPT, pattern);
      transfer(packed, "packed, read by MSI-X, the same bytes", IN, Way.INTERRUPT, found);
      transfer(packed, "packed, read by polling, the same bytes", IN, Way.POLLING, found);
    }
  }

  private void emitId() {
    r.print("  " + NAME + ": GET_ID \"");
    header(GET_ID);
    queue.emitRequest(
        Way.INTERRUPT, "GET_ID", headerBuffer(), new Buffer(id, ID_BYTES, true), statusBuffer());
    a.mov(RSI, id).call(r.puts);
    r.print("\"");
    checkStatus(OK, "the status of GET_ID is OK");
    r.endLine();
  }

  private void emitFlush() {
    Label none = new Label("no flush");
    a.test(DWORD, ptr(driver.accepted), FLUSH).jz(none);
    r.print("  " + NAME + ": flush");
    a.push(R12).xor(R12D, R12D);
    header(FLUSHING);
    a.pop(R12);
    queue.emitRequest(Way.INTERRUPT, "the flush", headerBuffer(), statusBuffer());
    checkStatus(OK, "the status of the flush is OK");
    r.endLine();
    a.label(none);
  }

  private void emitRefusals() {
    r.print("  " + NAME + ": unknown request, sector behind the end");
    header(UNKNOWN);
    queue.emitRequest(Way.INTERRUPT, "the unknown request", headerBuffer(), statusBuffer());
    checkStatus(UNSUPP, "the unknown request is UNSUPP");
    a.add(R12, SECTORS - 1);
    header(IN);
    a.sub(R12, SECTORS - 1);
    queue.emitRequest(
        Way.INTERRUPT,
        "the read behind the end",
        headerBuffer(),
        new Buffer(found, BYTES, true),
        statusBuffer());
    checkStatus(IOERR, "the read behind the end is IOERR");
    r.endLine();
  }

  @Override
  public void emitRoutines() {
    Label next = new Label("virtio fill next");
    // Eight bytes at a time, of a sequence that repeats in no sector: multiples of a large odd
    // number.
    a.label(fill).mov(RDI, pattern).mov(ECX, BYTES / 8).xor(EAX, EAX);
    a.mov(RDX, 0x9e37_79b9_7f4a_7c15L).label(next).add(RAX, RDX).mov(ptr(RDI), RAX);
    a.add(RDI, 8).dec(ECX).jnz(next).ret();
    Label same = new Label("virtio compare next");
    Label out = new Label("virtio compare out");
    a.label(compare).mov(RSI, pattern).mov(RDI, found).mov(ECX, BYTES / 8);
    a.label(same).mov(RAX, ptr(RSI)).cmp(RAX, ptr(RDI)).jnz(out).add(RSI, 8).add(RDI, 8);
    a.dec(ECX).jnz(same).label(out).ret();
  }

  @Override
  public void emitRoom() {
    a.label(pattern).zero(PAGE).label(found).zero(PAGE);
  }
}
