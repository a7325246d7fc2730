package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * A submission queue and its completion queue in the guest's memory, of one page each (NVM Express
 * Base 2.0, 3.3.1). RBP holds the address of the controller's registers; routines change RAX, RCX,
 * RDX and RDI.
 */
public final class NvmeQueuePair {
  /** Entries of each: a page of submissions. */
  public static final int ENTRIES = 64;

  /** Offsets in a command: command ID and opcode, namespace, data, and the command's own dwords. */
  public static final int COMMAND = 0;

  public static final int NAMESPACE = 4;
  public static final int PRP1 = 24;
  public static final int DWORD10 = 40;
  public static final int DWORD11 = 44;
  public static final int DWORD12 = 48;

  private static final int PAGE = 4096;
  private static final int COMMAND_SHIFT = 6;
  private static final int COMPLETION_SHIFT = 4;
  private static final int REG_CAP_HIGH = 4;
  private static final int CAP_STRIDE = 0xf;
  private static final int DOORBELLS = 0x1000;
  private static final int LEAST_STRIDE = 4;
  private static final int SQ_HEAD = 8;
  private static final int ID_STATUS = 12;
  private static final int PHASE = 1 << 16;

  final Label submission;
  final Label completion;
  final int number;

  private final GuestRuntime r;
  private final Assembler a;
  private final Label tail;
  private final Label head;

  /** The head that the controller knows of (32 bits). */
  private final Label toldHead;

  /** What the phase bit of a new completion is, at its place: {@link #PHASE}, or 0 (32 bits). */
  private final Label phase;

  private final Label tailDoorbell;
  private final Label headDoorbell;

  /** The queues of that number; 0 is the admin pair. */
  public NvmeQueuePair(Kit kit, String name, int number) {
    r = kit.r();
    a = kit.a();
    this.number = number;
    submission = new Label(name + " submission queue");
    completion = new Label(name + " completion queue");
    tail = r.variable(name + " tail", 4);
    head = r.variable(name + " head", 4);
    toldHead = r.variable(name + " told head", 4);
    phase = r.variable(name + " phase", 4);
    tailDoorbell = r.variable(name + " tail doorbell", 8);
    headDoorbell = r.variable(name + " head doorbell", 8);
  }

  /** Empties both, and finds their doorbells (CAP.DSTRD). */
  void emitSetUp() {
    Label next = new Label("nvme stride next");
    Label out = new Label("nvme stride");
    a.mov(RDI, submission).mov(ECX, 2 * PAGE / 8).xor(EAX, EAX).rep().stos(QWORD);
    a.mov(ptr(tail), EAX).mov(ptr(head), EAX).mov(ptr(toldHead), EAX);
    a.mov(DWORD, ptr(phase), PHASE);
    a.mov(ECX, ptr(RBP, REG_CAP_HIGH)).and(ECX, CAP_STRIDE).mov(EAX, LEAST_STRIDE);
    a.label(next).test(ECX, ECX).jz(out).shl(EAX, 1).dec(ECX).jmp(next).label(out);
    a.mov(ECX, 2L * number).mov(RDI, RAX).mul(RCX).lea(RAX, ptr(RBP, RAX, 1, DOORBELLS));
    a.mov(ptr(tailDoorbell), RAX).add(RAX, RDI).mov(ptr(headDoorbell), RAX);
  }

  /** RDI = the next command, all zero; {@link #emitAdvance} hands it over. */
  public void emitCommand() {
    a.mov(EDI, ptr(tail)).shl(EDI, COMMAND_SHIFT).mov(RAX, submission).add(RDI, RAX);
    a.xor(EAX, EAX);
    for (int offset = 0; offset < 1 << COMMAND_SHIFT; offset += 8) {
      a.mov(ptr(RDI, offset), RAX);
    }
  }

  /** The command is complete. */
  public void emitAdvance() {
    a.mov(EAX, ptr(tail)).inc(EAX).and(EAX, ENTRIES - 1).mov(ptr(tail), EAX);
  }

  /** Tells the controller of the commands up to here. */
  public void emitRing() {
    a.mov(EAX, ptr(tail)).mov(RDX, ptr(tailDoorbell)).mov(ptr(RDX), EAX);
  }

  /** Sets the zero flag where a completion is there that has not been taken. */
  public void compareArrived() {
    emitCompletion();
    a.mov(ECX, ptr(RAX, ID_STATUS)).and(ECX, PHASE).cmp(ECX, ptr(phase));
  }

  /** RAX = the next completion. */
  private void emitCompletion() {
    a.mov(EAX, ptr(head)).shl(EAX, COMPLETION_SHIFT).mov(RCX, completion).add(RAX, RCX);
  }

  /**
   * EAX = command ID of the completion that is there, with its status in bits 31:17; ECX = the head
   * of the submission queue in it. It is taken.
   */
  public void emitTake() {
    Label same = new Label("nvme phase");
    emitCompletion();
    a.mov(ECX, ptr(RAX, SQ_HEAD)).and(ECX, 0xffff).mov(EAX, ptr(RAX, ID_STATUS));
    a.and(EAX, 0xffff_ffffL & ~PHASE).mov(EDX, ptr(head)).inc(EDX).and(EDX, ENTRIES - 1);
    a.mov(ptr(head), EDX).jnz(same).mov(EDX, ptr(phase)).xor(EDX, PHASE).mov(ptr(phase), EDX);
    a.label(same);
  }

  /**
   * Tells the controller which completions have been taken, where it has not heard it yet: by it a
   * pin is released, and QEMU's controller releases it one time too many for a head that it knows.
   */
  public void emitRelease() {
    Label told = new Label("nvme head told");
    a.mov(EAX, ptr(head)).cmp(EAX, ptr(toldHead)).jz(told).mov(ptr(toldHead), EAX);
    a.mov(RDX, ptr(headDoorbell)).mov(ptr(RDX), EAX).label(told);
  }

  /** The queues, at a page boundary. */
  public void emitRoom() {
    a.label(submission).zero(PAGE);
    a.label(completion).zero(PAGE);
  }
}
