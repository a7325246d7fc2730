package javelin.boot.guest.bench;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.assign.DeviceChecks;
import javelin.boot.guest.assign.Functions;
import javelin.boot.guest.assign.Kit;
import javelin.boot.guest.assign.NvmeDriver;
import javelin.boot.guest.assign.NvmeQueuePair;
import javelin.boot.guest.assign.PciInterrupts;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * An NVMe controller: its version register; Get Features, which needs nothing but the doorbell, the
 * two entries and the interrupt; reads and writes of 4 KiB at random places of namespace 1.
 */
final class NvmeBench implements DeviceChecks {
  private static final int OPCODE_WRITE = 1;
  private static final int OPCODE_READ = 2;
  private static final int FEATURE_QUEUES = 7;
  private static final int NAMESPACE = 1;
  private static final int REG_INTMS = 0x0c;
  private static final int REG_INTMC = 0x10;

  // Identify Namespace (NVM Command Set 1.0, 4.1.5.1).
  private static final int NSZE = 0;
  private static final int FLBAS = 26;
  private static final int FORMATS = 128;
  private static final int FORMAT_MASK = 0xf;
  private static final int FORMAT_SHIFT_BYTE = 2;

  private static final int BLOCK_SHIFT = 12;
  private static final int SECTOR_SHIFT = 9;
  private static final int IO_BYTES = 1 << BLOCK_SHIFT;
  private static final int ID_SHIFT = 16;

  private final GuestRuntime r;
  private final Assembler a;
  private final PciInterrupts interrupts;
  private final RegisterRead read;
  private final OperationLoop loop;
  private final Label known;
  private final NvmeQueuePair admin;
  private final NvmeQueuePair io;
  private final NvmeDriver driver;
  private final RandomBlocks blocks;
  private final Label registers;

  /** Logical blocks of 4 KiB (32 bits). */
  private final Label blocksPerIo;

  private final Label withdraw = new Label("nvme bench withdraw");
  private final Label identity = new Label("nvme bench identity");
  private final Label data = new Label("nvme bench data");

  NvmeBench(
      Kit kit,
      PciInterrupts interrupts,
      RegisterRead read,
      OperationLoop loop,
      RandomBlocks blocks,
      Label known) {
    r = kit.r();
    a = kit.a();
    this.interrupts = interrupts;
    this.read = read;
    this.loop = loop;
    this.blocks = blocks;
    this.known = known;
    admin = new NvmeQueuePair(kit, "nvme bench admin", 0);
    io = new NvmeQueuePair(kit, "nvme bench io", 1);
    driver = new NvmeDriver(kit, admin);
    registers = r.variable("nvmeBenchRegisters", 8);
    blocksPerIo = r.variable("nvmeBlocksPerIo", 4);
  }

  @Override
  public void emit() {
    Label out = new Label("not nvme to measure");
    driver.emitFind(out);
    a.inc(DWORD, ptr(known)).mov(ptr(registers), RBP);
    read.measure(RBP, NvmeDriver.REG_VERSION);
    emitByPin();
    emitByMsi();
    emitByMsix();
    driver.emitLeave();
    a.label(out);
  }

  private void emitByPin() {
    if (!loop.has(AssignCase.DOORBELL_INTX)) {
      return;
    }
    Label none = new Label("nvme bench without a pin");
    Label out = new Label("nvme bench pin");
    interrupts.withdrawBy(withdraw);
    driver.emitDisable();
    interrupts.enableIntx();
    a.jz(none);
    driver.emitEnable();
    loop.measure(AssignCase.DOORBELL_INTX, new GetFeatures(true), 1, OperationLoop.Way.INTERRUPT);
    interrupts.disableIntx();
    a.jmp(out).label(none);
    loop.skip(AssignCase.DOORBELL_INTX, "this controller has no interrupt pin");
    a.label(out);
    interrupts.withdrawNothing();
  }

  private void emitByMsi() {
    Label none = new Label("nvme bench without MSI");
    Label out = new Label("nvme bench MSI");
    a.cmp(DWORD, ptr(RBX, Functions.CAP_MSI), 0).jz(none);
    if (loop.has(AssignCase.DOORBELL_MSI)) {
      driver.emitDisable();
      interrupts.enableMsi();
      driver.emitEnable();
      loop.measure(AssignCase.DOORBELL_MSI, new GetFeatures(false), 1, OperationLoop.Way.INTERRUPT);
      interrupts.disableMsi();
    }
    a.jmp(out).label(none);
    loop.skip(AssignCase.DOORBELL_MSI, "this controller has no MSI");
    a.label(out);
  }

  /** What is left: the interrupts that a driver chooses. */
  private void emitByMsix() {
    Label none = new Label("nvme bench without MSI-X");
    Label out = new Label("nvme bench MSI-X");
    a.cmp(DWORD, ptr(RBX, Functions.CAP_MSIX), 0).jz(none);
    driver.emitDisable();
    interrupts.enableMsix();
    driver.emitEnable();
    loop.measure(AssignCase.DOORBELL_MSIX, new GetFeatures(false), 1, OperationLoop.Way.INTERRUPT);
    loop.measure(
        AssignCase.DOORBELL_AWAKE, new GetFeatures(false), 1, OperationLoop.Way.INTERRUPT_AWAKE);
    emitTransfers();
    interrupts.disableMsix();
    a.jmp(out).label(none);
    String reason = "this controller has no MSI-X";
    loop.skip(AssignCase.DOORBELL_MSIX, reason);
    loop.skip(AssignCase.DOORBELL_AWAKE, reason);
    blocks.skip(loop, reason);
    a.label(out);
  }

  private void emitTransfers() {
    Label unknown = new Label("nvme bench format");
    Label whole = new Label("nvme bench 4 KiB blocks");
    Label found = new Label("nvme bench blocks");
    Label out = new Label("nvme bench transfers");
    if (!blocks.isWanted(loop)) {
      return;
    }
    driver.emitCreate(io);
    admin.emitCommand();
    a.mov(DWORD, ptr(RDI), NvmeDriver.OPCODE_IDENTIFY);
    a.mov(DWORD, ptr(RDI, NvmeQueuePair.NAMESPACE), NAMESPACE);
    a.mov(RAX, identity).mov(ptr(RDI, NvmeQueuePair.PRP1), RAX);
    driver.emitAdmin();
    a.jnz(unknown);
    a.mov(RSI, identity).movzx(ECX, BYTE, ptr(RSI, FLBAS)).and(ECX, FORMAT_MASK);
    a.movzx(ECX, BYTE, ptr(RSI, RCX, 4, FORMATS + FORMAT_SHIFT_BYTE)).mov(RAX, ptr(RSI, NSZE));
    a.mov(DWORD, ptr(blocksPerIo), 1).cmp(ECX, BLOCK_SHIFT).jz(whole).cmp(ECX, SECTOR_SHIFT);
    a.jnz(unknown).mov(DWORD, ptr(blocksPerIo), 1 << (BLOCK_SHIFT - SECTOR_SHIFT));
    a.shr(RAX, BLOCK_SHIFT - SECTOR_SHIFT).label(whole).test(RAX, RAX).jnz(found);
    a.label(unknown);
    blocks.skip(loop, "namespace 1 has no blocks of 512 bytes or 4 KiB");
    a.jmp(out).label(found);
    blocks.count();
    blocks.measure(loop, new Transfer(OPCODE_READ), new Transfer(OPCODE_WRITE));
    a.label(out);
  }

  /** A command of one of the queue pairs, whose ID is its slot. */
  private abstract class Command implements Operations {
    private final NvmeQueuePair queues;
    private final boolean isByPin;

    Command(NvmeQueuePair queues, boolean isByPin) {
      this.queues = queues;
      this.isByPin = isByPin;
    }

    /** Fills in the command at RDI. */
    abstract void emitFields();

    @Override
    public void emitStart() {
      queues.emitCommand();
      emitFields();
      queues.emitAdvance();
    }

    @Override
    public void emitRing() {
      queues.emitRing();
    }

    @Override
    public void emitTake(Label none) {
      queues.compareArrived();
      a.jnz(none);
      queues.emitTake();
      a.movzx(R10D, WORD, AX).shr(EAX, ID_SHIFT);
      blocks.countError();
    }

    @Override
    public void emitRelease() {
      queues.emitRelease();
      if (isByPin) {
        a.mov(DWORD, ptr(RBP, REG_INTMC), 1);
      }
    }
  }

  private final class GetFeatures extends Command {
    GetFeatures(boolean isByPin) {
      super(admin, isByPin);
    }

    @Override
    void emitFields() {
      a.mov(EAX, R10D).shl(EAX, ID_SHIFT).or(EAX, NvmeDriver.OPCODE_GET_FEATURES);
      a.mov(ptr(RDI), EAX).mov(DWORD, ptr(RDI, NvmeQueuePair.DWORD10), FEATURE_QUEUES);
    }
  }

  private final class Transfer extends Command {
    private final int opcode;

    Transfer(int opcode) {
      super(io, false);
      this.opcode = opcode;
    }

    @Override
    void emitFields() {
      a.mov(EAX, R10D).shl(EAX, ID_SHIFT).or(EAX, opcode).mov(ptr(RDI), EAX);
      a.mov(DWORD, ptr(RDI, NvmeQueuePair.NAMESPACE), NAMESPACE);
      a.mov(EAX, R10D).shl(EAX, BLOCK_SHIFT).mov(RCX, data).add(RAX, RCX);
      a.mov(ptr(RDI, NvmeQueuePair.PRP1), RAX);
      blocks.next();
      a.mov(ECX, ptr(blocksPerIo)).mul(RCX).mov(ptr(RDI, NvmeQueuePair.DWORD10), RAX);
      a.mov(ECX, ptr(blocksPerIo)).dec(ECX).mov(ptr(RDI, NvmeQueuePair.DWORD12), ECX);
    }
  }

  /**
   * {@link #withdraw}: masks the pin until the completion has been taken; EAX = whether there was
   * one.
   */
  @Override
  public void emitRoutines() {
    Label none = new Label("nvme bench no cause");
    a.label(withdraw).push(RBP).mov(RBP, ptr(registers));
    admin.compareArrived();
    a.mov(EAX, 0).j(Cond.NE, none).mov(DWORD, ptr(RBP, REG_INTMS), 1).mov(EAX, 1);
    a.label(none).pop(RBP).ret();
  }

  @Override
  public void emitRoom() {
    admin.emitRoom();
    io.emitRoom();
    a.label(identity).zero(IO_BYTES);
    a.label(data).zero(OperationLoop.MOST_SLOTS * IO_BYTES);
  }
}
