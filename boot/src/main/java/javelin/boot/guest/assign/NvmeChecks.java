package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * An NVMe controller (NVM Express Base 2.0): reset, the admin queues in RAM, and one Identify
 * command whose completion interrupts by MSI-X. Nothing is read from or written to the medium.
 */
final class NvmeChecks implements DeviceChecks {
  private static final int COMMAND_ID = 0x4a56;
  private static final int IDENTIFY_CONTROLLER = 1;
  private static final int IDENTITY_BYTES = 4096;
  private static final int SERIAL = 4;
  private static final int SERIAL_BYTES = 20;
  private static final int MODEL = 24;
  private static final int MODEL_BYTES = 40;
  private static final int TIMEOUT_US = 5_000_000;

  private final GuestRuntime r;
  private final Assembler a;
  private final FunctionChecks generic;
  private final PciInterrupts interrupts;
  private final NvmeQueuePair admin;
  private final NvmeDriver driver;
  private final Label text;
  private final Label putText = new Label("nvmePutText");
  private final Label identity = new Label("nvme identity");

  NvmeChecks(Kit kit, FunctionChecks generic, PciInterrupts interrupts) {
    r = kit.r();
    a = kit.a();
    this.generic = generic;
    this.interrupts = interrupts;
    admin = new NvmeQueuePair(kit, "nvme admin", 0);
    driver = new NvmeDriver(kit, admin);
    text = r.variable("nvmeText", MODEL_BYTES + 1);
  }

  @Override
  public void emit() {
    Label out = new Label("not nvme");
    Label polled = new Label("nvme without MSI-X");
    driver.emitFind(out);
    interrupts.withdrawNothing();
    driver.emitDisable();
    // A queue takes its vector when it is made.
    a.cmp(DWORD, ptr(RBX, Functions.CAP_MSIX), 0).jz(polled);
    interrupts.enableMsix();
    a.label(polled);
    driver.emitEnable();
    emitIdentify();
    emitReset();
    driver.emitLeave();
    a.label(out);
  }

  private void emitIdentify() {
    Label polled = new Label("nvme by polling");
    Label done = new Label("nvme identified");
    r.print("  nvme: Identify");
    admin.emitCommand();
    a.mov(DWORD, ptr(RDI), COMMAND_ID << 16 | NvmeDriver.OPCODE_IDENTIFY);
    a.mov(RAX, identity).mov(ptr(RDI, NvmeQueuePair.PRP1), RAX);
    a.mov(DWORD, ptr(RDI, NvmeQueuePair.DWORD10), IDENTIFY_CONTROLLER);
    admin.emitAdvance();
    a.cmp(DWORD, ptr(RBX, Functions.CAP_MSIX), 0).jz(polled);
    r.print(" by MSI-X");
    interrupts.expectOne(admin::emitRing, "the completion is one interrupt");
    interrupts.disableMsix();
    a.jmp(done).label(polled);
    r.print(" by polling");
    admin.emitRing();
    r.await(admin::compareArrived, Cond.E, TIMEOUT_US);
    a.label(done);
    admin.compareArrived();
    r.check(Cond.E, "a completion");
    admin.emitTake();
    a.mov(R12D, ECX).cmp(EAX, COMMAND_ID);
    r.check(Cond.E, "the completion is the command's, without error");
    a.cmp(R12D, 1);
    r.check(Cond.E, "the controller has taken one command");
    printText(" serial", SERIAL, SERIAL_BYTES);
    printText(" model", MODEL, MODEL_BYTES);
    a.mov(RAX, identity).cmp(DWORD, ptr(RAX, MODEL), 0);
    r.check(Cond.NE, "the controller has a model");
    r.endLine();
  }

  /** One more reset, by which a controller that was enabled is not so any more. */
  private void emitReset() {
    Label none = new Label("nvme without reset");
    a.cmp(DWORD, ptr(RBX, Functions.WAS_RESET), 0).jz(none);
    generic.emitReset();
    r.print("  nvme: CC.EN and CSTS.RDY after the reset");
    driver.testEnabled();
    r.check(Cond.E, "CC.EN is 0 after the reset");
    driver.compareReady();
    r.check(Cond.E, "CSTS.RDY is 0 after the reset");
    r.endLine();
    a.label(none);
  }

  private void printText(String title, int offset, int bytes) {
    r.print(title + " \"");
    a.mov(RSI, identity).add(RSI, offset).mov(ECX, bytes).call(putText);
    r.print("\"");
  }

  @Override
  public void emitRoutines() {
    Label trim = new Label("nvme trim");
    Label trimmed = new Label("nvme trimmed");
    // ECX characters at RSI, without the blanks behind them.
    a.label(putText).mov(RDI, text).rep().movs(BYTE);
    a.label(trim)
        .mov(RDX, text)
        .cmp(RDI, RDX)
        .jz(trimmed)
        .cmp(BYTE, ptr(RDI, -1), ' ')
        .jnz(trimmed);
    a.dec(RDI).jmp(trim).label(trimmed).mov(BYTE, ptr(RDI), 0).mov(RSI, text).jmp(r.puts);
  }

  @Override
  public void emitRoom() {
    admin.emitRoom();
    a.label(identity).zero(IDENTITY_BYTES);
  }
}
