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

/** An entropy device (virtio 1.2, 5.4): what it gives is not one byte again and again. */
final class VirtioRngChecks implements DeviceChecks {
  private static final int IDS = 0x1044_1af4;
  private static final String NAME = "virtio-rng";
  private static final int BYTES = 64;

  /** With fewer, equal ones would be chance. */
  private static final int FEWEST = 8;

  private final GuestRuntime r;
  private final Assembler a;
  private final VirtioDriver driver;
  private final VirtioQueue queue;
  private final VirtioQueue packed;
  private final Label bytes;

  VirtioRngChecks(Kit kit, VirtioDriver driver, VirtioQueue queue, VirtioQueue packed) {
    r = kit.r();
    a = kit.a();
    this.driver = driver;
    this.queue = queue;
    this.packed = packed;
    bytes = r.variable("virtioRngBytes", BYTES);
  }

  @Override
  public void emit() {
    Label other = new Label("not virtio-rng");
    a.cmp(DWORD, ptr(RBX, Functions.IDS), IDS).jnz(other);
    Label leave = new Label("virtio-rng left");
    driver.emitStart(NAME, queue, 0);
    emitRead(queue, "64 bytes by MSI-X", Way.INTERRUPT);
    driver.emitStart(NAME, queue, VirtioDriver.EVENT_IDX);
    emitRead(queue, "64 bytes by MSI-X", Way.INTERRUPT);
    emitRead(queue, "64 bytes by polling", Way.POLLING);
    driver.emitTestPacked();
    a.jz(leave);
    driver.emitStart(NAME, packed, VirtioDriver.INDIRECT_DESC);
    emitRead(packed, "packed, 64 bytes by MSI-X", Way.INTERRUPT);
    emitRead(packed, "packed, 64 bytes by polling", Way.POLLING);
    a.label(leave);
    driver.emitReset();
    a.label(other);
  }

  private void emitRead(VirtioQueue through, String name, Way way) {
    Label next = new Label("rng next");
    Label differ = new Label("rng differ");
    Label few = new Label("rng few");
    r.print("  " + NAME + ": " + name);
    a.mov(RDI, bytes).mov(ECX, BYTES / 8).xor(EAX, EAX).rep().stos(QWORD);
    through.emitRequest(way, "the request", new Buffer(bytes, BYTES, true));
    through.emitWritten();
    a.mov(R12D, EAX).sub(EAX, FEWEST).cmp(EAX, BYTES - FEWEST);
    r.check(Cond.BE, "the device gives bytes, and no more than there is room for");
    a.mov(RSI, bytes).cmp(R12D, BYTES).j(Cond.BE, few).mov(R12D, BYTES).label(few);
    a.mov(AL, ptr(RSI));
    a.label(next).cmp(AL, ptr(RSI)).jnz(differ).inc(RSI).dec(R12D).jnz(next).label(differ);
    r.check(Cond.NE, "the bytes are not all equal");
    r.endLine();
  }

  @Override
  public void emitRoutines() {}

  @Override
  public void emitRoom() {}
}
