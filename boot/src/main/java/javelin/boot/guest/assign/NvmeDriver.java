package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * The NVMe controller at RBX up to its queues (NVM Express Base 2.0, 3.5.1). RBP holds the address
 * of its registers from {@link #emitFind} on.
 */
public final class NvmeDriver {
  /** The version register: one that is safe to read at any time. */
  public static final int REG_VERSION = 0x08;

  /** Commands of the admin queue. */
  public static final int OPCODE_IDENTIFY = 6;

  public static final int OPCODE_GET_FEATURES = 10;

  private static final int OPCODE_CREATE_SUBMISSION = 1;
  private static final int OPCODE_CREATE_COMPLETION = 5;
  private static final int CLASS = 0x01_0802;
  private static final int REG_CC = 0x14;
  private static final int REG_CSTS = 0x1c;
  private static final int REG_AQA = 0x24;
  private static final int REG_ASQ = 0x28;
  private static final int REG_ACQ = 0x30;
  private static final int CC_ENABLE = 1;

  /** Submission entries of 2^6 bytes, completion entries of 2^4. */
  private static final int CC_ENTRY_SIZES = 6 << 16 | 4 << 20;

  private static final int CSTS_READY = 1;
  private static final int SIZES = NvmeQueuePair.ENTRIES - 1;
  private static final int CONTIGUOUS = 1;
  private static final int INTERRUPTS = 1 << 1;
  private static final int TIMEOUT_US = 5_000_000;

  private final GuestRuntime r;
  private final Assembler a;
  private final NvmeQueuePair admin;

  /** A driver with {@code admin} for its admin queues. */
  public NvmeDriver(Kit kit, NvmeQueuePair admin) {
    r = kit.r();
    a = kit.a();
    this.admin = admin;
  }

  /** Goes to {@code other} where the function is no NVMe controller with registers in memory. */
  public void emitFind(Label other) {
    a.mov(EAX, ptr(RBX, Functions.CLASS)).shr(EAX, 8).cmp(EAX, CLASS).jnz(other);
    a.mov(RBP, ptr(RBX, Functions.REGISTERS)).test(RBP, RBP).jz(other);
  }

  /** Switches the controller off, and checks that it is; a line of its own. */
  public void emitDisable() {
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

  /** Switches it on with empty admin queues, which take their interrupt now; a line of its own. */
  public void emitEnable() {
    r.print("  nvme: admin queues, CC.EN on");
    admin.emitSetUp();
    a.mov(DWORD, ptr(RBP, REG_AQA), SIZES << 16 | SIZES);
    writeAddress(REG_ASQ, admin.submission);
    writeAddress(REG_ACQ, admin.completion);
    a.mov(DWORD, ptr(RBP, REG_CC), CC_ENTRY_SIZES | CC_ENABLE);
    r.await(this::compareReady, Cond.NE, TIMEOUT_US);
    compareReady();
    r.check(Cond.NE, "CSTS.RDY follows CC.EN to 1");
    r.endLine();
  }

  /** Leaves it switched off. */
  public void emitLeave() {
    a.mov(DWORD, ptr(RBP, REG_CC), 0);
  }

  void compareReady() {
    a.mov(EAX, ptr(RBP, REG_CSTS)).test(EAX, CSTS_READY);
  }

  /** Clears the zero flag where the controller is enabled. */
  void testEnabled() {
    a.test(DWORD, ptr(RBP, REG_CC), CC_ENABLE);
  }

  private void writeAddress(int register, Label queue) {
    a.mov(RAX, queue).mov(ptr(RBP, register), EAX).mov(DWORD, ptr(RBP, register + 4), 0);
  }

  /**
   * Does the admin command at RDI, of {@link NvmeQueuePair#emitCommand}, and waits for its end by
   * polling; sets the zero flag where it has succeeded.
   */
  public void emitAdmin() {
    Label out = new Label("nvme admin");
    admin.emitAdvance();
    admin.emitRing();
    r.await(admin::compareArrived, Cond.E, TIMEOUT_US);
    admin.compareArrived();
    a.jnz(out);
    admin.emitTake();
    a.push(RAX);
    admin.emitRelease();
    a.pop(RAX).shr(EAX, 16).test(EAX, EAX).label(out);
  }

  /** Makes I/O queues whose completions interrupt by vector 0; a line of its own. */
  public void emitCreate(NvmeQueuePair queues) {
    r.print("  nvme: I/O queues");
    queues.emitSetUp();
    create(OPCODE_CREATE_COMPLETION, queues, queues.completion, INTERRUPTS | CONTIGUOUS);
    r.check(Cond.E, "a completion queue");
    create(OPCODE_CREATE_SUBMISSION, queues, queues.submission, queues.number << 16 | CONTIGUOUS);
    r.check(Cond.E, "a submission queue");
    r.endLine();
  }

  private void create(int opcode, NvmeQueuePair queues, Label memory, int flags) {
    admin.emitCommand();
    a.mov(DWORD, ptr(RDI, NvmeQueuePair.COMMAND), opcode).mov(RAX, memory);
    a.mov(ptr(RDI, NvmeQueuePair.PRP1), RAX);
    a.mov(DWORD, ptr(RDI, NvmeQueuePair.DWORD10), SIZES << 16 | queues.number);
    a.mov(DWORD, ptr(RDI, NvmeQueuePair.DWORD11), flags);
    emitAdmin();
  }
}
