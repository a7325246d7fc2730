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
  private static final int CLASS = 0x01_0802;
  private static final int REG_VERSION = 0x08;
  private static final int REG_CC = 0x14;
  private static final int REG_CSTS = 0x1c;
  private static final int REG_AQA = 0x24;
  private static final int REG_ASQ = 0x28;
  private static final int REG_ACQ = 0x30;
  private static final int SUBMISSION_DOORBELL = 0x1000;
  private static final int CC_ENABLE = 1;

  /** Submission entries of 2^6 bytes, completion entries of 2^4. */
  private static final int CC_ENTRY_SIZES = 6 << 16 | 4 << 20;

  private static final int CSTS_READY = 1;
  private static final int QUEUE_ENTRIES = 8;
  private static final int QUEUE_BYTES = 4096;
  private static final int OPCODE_IDENTIFY = 6;
  private static final int COMMAND_ID = 0x4a56;
  private static final int IDENTIFY_CONTROLLER = 1;
  private static final int COMMAND_PRP1 = 24;
  private static final int COMMAND_DWORD10 = 40;
  private static final int COMPLETION_SQ_HEAD = 8;
  private static final int COMPLETION_ID_STATUS = 12;
  private static final int PHASE = 1 << 16;
  private static final int SERIAL = 4;
  private static final int SERIAL_BYTES = 20;
  private static final int MODEL = 24;
  private static final int MODEL_BYTES = 40;
  private static final int TIMEOUT_US = 5_000_000;

  private final GuestRuntime r;
  private final Assembler a;
  private final FunctionChecks generic;
  private final PciInterrupts interrupts;
  private final Label text;
  private final Label putText = new Label("nvmePutText");
  private final Label submission = new Label("nvme submission queue");
  private final Label completion = new Label("nvme completion queue");
  private final Label identity = new Label("nvme identity");

  NvmeChecks(Kit kit, FunctionChecks generic, PciInterrupts interrupts) {
    r = kit.r();
    a = kit.a();
    this.generic = generic;
    this.interrupts = interrupts;
    text = r.variable("nvmeText", MODEL_BYTES + 1);
  }

  @Override
  public void emit() {
    Label out = new Label("not nvme");
    a.mov(EAX, ptr(RBX, Functions.CLASS)).shr(EAX, 8).cmp(EAX, CLASS).jnz(out);
    a.mov(RBP, ptr(RBX, Functions.REGISTERS)).test(RBP, RBP).jz(out);
    interrupts.withdrawNothing();
    emitDisable();
    emitEnable();
    emitIdentify();
    emitReset();
    a.mov(DWORD, ptr(RBP, REG_CC), 0);
    a.label(out);
  }

  private void emitDisable() {
    r.print("  nvme: version ");
    a.mov(EAX, ptr(RBP, REG_VERSION)).call(r.putHex);
    a.mov(EAX, ptr(RBP, REG_VERSION)).dec(EAX).cmp(EAX, 0xffff_fffeL);
    r.check(Cond.B, "a version");
    r.print(", CC.EN off");
    a.mov(DWORD, ptr(RBP, REG_CC), 0);
    r.await(this::compareReady, Cond.E, TIMEOUT_US);
    compareReady();
    r.check(Cond.E, "CSTS.RDY follows CC.EN to 0");
    r.endLine();
  }

  private void compareReady() {
    a.mov(EAX, ptr(RBP, REG_CSTS)).test(EAX, CSTS_READY);
  }

  private void emitEnable() {
    Label polled = new Label("nvme without MSI-X");
    r.print("  nvme: admin queues, CC.EN on");
    // A queue takes its vector when it is made.
    a.cmp(DWORD, ptr(RBX, Functions.CAP_MSIX), 0).jz(polled);
    interrupts.enableMsix();
    a.label(polled);
    a.mov(RDI, submission).mov(ECX, 3 * QUEUE_BYTES / 8).xor(EAX, EAX).rep().stos(QWORD);
    a.mov(DWORD, ptr(RBP, REG_AQA), (QUEUE_ENTRIES - 1) << 16 | (QUEUE_ENTRIES - 1));
    writeAddress(REG_ASQ, submission);
    writeAddress(REG_ACQ, completion);
    a.mov(DWORD, ptr(RBP, REG_CC), CC_ENTRY_SIZES | CC_ENABLE);
    r.await(this::compareReady, Cond.NE, TIMEOUT_US);
    compareReady();
    r.check(Cond.NE, "CSTS.RDY follows CC.EN to 1");
    r.endLine();
  }

  private void writeAddress(int register, Label queue) {
    a.mov(RAX, queue).mov(ptr(RBP, register), EAX).mov(DWORD, ptr(RBP, register + 4), 0);
  }

  private void emitIdentify() {
    Label polled = new Label("nvme by polling");
    Label done = new Label("nvme identified");
    r.print("  nvme: Identify");
    a.mov(RDI, submission).mov(DWORD, ptr(RDI), COMMAND_ID << 16 | OPCODE_IDENTIFY);
    a.mov(RAX, identity).mov(ptr(RDI, COMMAND_PRP1), RAX);
    a.mov(DWORD, ptr(RDI, COMMAND_DWORD10), IDENTIFY_CONTROLLER);
    a.cmp(DWORD, ptr(RBX, Functions.CAP_MSIX), 0).jz(polled);
    r.print(" by MSI-X");
    interrupts.expectOne(this::ringDoorbell, "the completion is one interrupt");
    interrupts.disableMsix();
    a.jmp(done).label(polled);
    r.print(" by polling");
    ringDoorbell();
    r.await(this::compareCompletion, Cond.E, TIMEOUT_US);
    a.label(done);
    compareCompletion();
    r.check(Cond.E, "the completion is the command's, without error");
    a.cmp(WORD, ptr(completion, COMPLETION_SQ_HEAD), 1);
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
    a.test(DWORD, ptr(RBP, REG_CC), CC_ENABLE);
    r.check(Cond.E, "CC.EN is 0 after the reset");
    compareReady();
    r.check(Cond.E, "CSTS.RDY is 0 after the reset");
    r.endLine();
    a.label(none);
  }

  private void ringDoorbell() {
    a.mov(DWORD, ptr(RBP, SUBMISSION_DOORBELL), 1);
  }

  /** Zero flag = the first completion is there, with our ID, a new phase and status 0. */
  private void compareCompletion() {
    a.mov(EAX, ptr(completion, COMPLETION_ID_STATUS)).cmp(EAX, PHASE | COMMAND_ID);
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
    a.label(submission).zero(QUEUE_BYTES);
    a.label(completion).zero(QUEUE_BYTES);
    a.label(identity).zero(QUEUE_BYTES);
  }
}
