package javelin.boot.guest.bench;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.assign.DeviceChecks;
import javelin.boot.guest.assign.Functions;
import javelin.boot.guest.assign.Kit;
import javelin.boot.guest.assign.MsixChecks;
import javelin.boot.guest.assign.PciInterrupts;
import javelin.boot.guest.assign.VirtioDriver;

/**
 * A virtio block device (virtio 1.2, 5.2), measured as {@link NvmeBench} measures a controller: its
 * status register; GET_ID, which does not go to the disk; reads and writes of 4 KiB at random
 * places.
 */
final class VirtioBlkBench implements DeviceChecks {
  private static final int IDS = 0x1042_1af4;
  private static final String NAME = "virtio-blk";

  /** The register with the device's features, in the common configuration. */
  private static final int REG_DEVICE_FEATURE = 4;

  private static final int IN = 0;
  private static final int OUT = 1;
  private static final int GET_ID = 8;
  private static final int ID_BYTES = 20;
  private static final int IO_BYTES = 4096;
  private static final int SECTORS_SHIFT = 3;

  private final Assembler a;
  private final RegisterRead read;
  private final OperationLoop loop;
  private final RandomBlocks blocks;
  private final Label known;
  private final VirtioDriver driver;
  private final BlkRequests requests;

  VirtioBlkBench(
      Kit kit,
      MsixChecks msix,
      PciInterrupts interrupts,
      RegisterRead read,
      OperationLoop loop,
      RandomBlocks blocks,
      Label known) {
    a = kit.a();
    this.read = read;
    this.loop = loop;
    this.blocks = blocks;
    this.known = known;
    driver = new VirtioDriver(kit, msix, interrupts);
    requests = new BlkRequests(kit);
  }

  @Override
  public void emit() {
    Label out = new Label("not virtio-blk to measure");
    Label small = new Label("virtio-blk too small");
    Label left = new Label("virtio-blk measured");
    a.cmp(DWORD, ptr(RBX, Functions.IDS), IDS).jnz(out);
    driver.emitFind();
    a.jz(out).inc(DWORD, ptr(known));
    driver.emitStart(NAME, requests, 0);
    read.measure(RBP, REG_DEVICE_FEATURE);
    String reason = "Javelin's virtio devices are measured by MSI-X";
    loop.skip(AssignCase.DOORBELL_INTX, reason);
    loop.skip(AssignCase.DOORBELL_MSI, reason);
    Operations ids = new Request(GET_ID, ID_BYTES, true);
    loop.measure(AssignCase.DOORBELL_MSIX, ids, 1, OperationLoop.Way.INTERRUPT);
    loop.measure(AssignCase.DOORBELL_AWAKE, ids, 1, OperationLoop.Way.INTERRUPT_AWAKE);
    // The capacity is in sectors.
    a.mov(RDX, ptr(driver.config)).mov(EAX, ptr(RDX)).mov(ECX, ptr(RDX, 4)).shl(RCX, 32);
    a.or(RAX, RCX).shr(RAX, SECTORS_SHIFT).jz(small);
    blocks.count();
    blocks.measure(loop, new Request(IN, IO_BYTES, true), new Request(OUT, IO_BYTES, false));
    a.jmp(left).label(small);
    blocks.skip(loop, "the disk is smaller than 4 KiB");
    a.label(left);
    driver.emitReset();
    a.label(out);
  }

  /** A request of a kind. */
  private final class Request implements Operations {
    private final int type;
    private final int bytes;
    private final boolean isWritten;

    /**
     * @param bytes of its data
     * @param isWritten whether the device writes them, or reads them
     */
    Request(int type, int bytes, boolean isWritten) {
      this.type = type;
      this.bytes = bytes;
      this.isWritten = isWritten;
    }

    @Override
    public void emitStart() {
      if (type == GET_ID) {
        a.xor(EAX, EAX);
      } else {
        blocks.next();
        a.shl(RAX, SECTORS_SHIFT);
      }
      requests.emitStart(type, bytes, isWritten);
    }

    @Override
    public void emitRing() {
      requests.emitRing();
    }

    @Override
    public void emitTake(Label none) {
      requests.emitTake(none);
      blocks.countError();
    }
  }

  @Override
  public void emitRoutines() {
    driver.emitRoutines();
  }

  @Override
  public void emitRoom() {
    requests.emitRoom();
  }
}
