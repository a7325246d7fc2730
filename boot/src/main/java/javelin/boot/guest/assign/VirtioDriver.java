package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import java.util.List;
import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.asm.Mem;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * The virtio function at RBX up to DRIVER_OK (virtio 1.2, 3.1.1 and 4.1): its structures by their
 * capabilities, reset, features, queues with MSI-X vector 0. RBP holds the address of the common
 * configuration from {@link #emitFind} on.
 */
public final class VirtioDriver {
  static final long INDIRECT_DESC = 1L << 28;
  static final long EVENT_IDX = 1L << 29;

  private static final int CAP_VENDOR = 9;
  private static final int FIRST_CAPABILITY = 0x34;
  private static final int MOST_CAPABILITIES = 48;
  private static final int CAP_TYPE = 3;
  private static final int CAP_BAR = 4;
  private static final int CAP_OFFSET = 8;
  private static final int CAP_MULTIPLIER = 16;
  private static final int TYPE_COMMON = 1;
  private static final int TYPE_NOTIFY = 2;
  private static final int TYPE_DEVICE = 4;

  private static final int DEVICE_FEATURE_SELECT = 0x00;
  private static final int DEVICE_FEATURE = 0x04;
  private static final int DRIVER_FEATURE_SELECT = 0x08;
  private static final int DRIVER_FEATURE = 0x0c;
  private static final int STATUS = 0x14;
  private static final int QUEUE_SELECT = 0x16;
  private static final int QUEUE_SIZE = 0x18;
  private static final int QUEUE_VECTOR = 0x1a;
  private static final int QUEUE_ENABLE = 0x1c;
  private static final int QUEUE_NOTIFY_OFF = 0x1e;
  private static final int QUEUE_DESCRIPTORS = 0x20;
  private static final int QUEUE_DRIVER = 0x28;
  private static final int QUEUE_DEVICE = 0x30;

  private static final int ACKNOWLEDGE = 1;
  private static final int DRIVER = 2;
  private static final int DRIVER_OK = 4;
  private static final int FEATURES_OK = 8;
  private static final int VERSION_1_HIGH = 1;
  private static final int RING_PACKED_HIGH = 1 << 2;
  private static final int TIMEOUT_US = 2_000_000;

  private final GuestRuntime r;
  private final Assembler a;
  private final MsixChecks msix;
  private final PciInterrupts interrupts;
  private final Label find = new Label("virtio find");

  /** Where the notify structure is (64 bits), and bytes from one queue's place to the next. */
  private final Label notify;

  private final Label multiplier;

  /** Where the device's own configuration is (64 bits). */
  public final Label config;

  /** The lower 32 features that were accepted. */
  final Label accepted;

  /** A driver of the virtio function at RBX. */
  public VirtioDriver(Kit kit, MsixChecks msix, PciInterrupts interrupts) {
    r = kit.r();
    a = kit.a();
    this.msix = msix;
    this.interrupts = interrupts;
    notify = r.variable("virtioNotify", 8);
    multiplier = r.variable("virtioMultiplier", 4);
    config = r.variable("virtioConfig", 8);
    accepted = r.variable("virtioAccepted", 4);
  }

  /** Finds the structures; leaves the zero flag set where one is missing. */
  public void emitFind() {
    Label out = new Label("virtio structures");
    r.print("  structures by their capabilities: common, notify");
    a.call(find).test(RBP, RBP);
    r.check(Cond.NE, "the common configuration is in a memory BAR");
    a.cmp(QWORD, ptr(notify), 0);
    r.check(Cond.NE, "the notify structure is in a memory BAR");
    r.endLine();
    a.test(RBP, RBP).jz(out).cmp(QWORD, ptr(notify), 0).label(out);
  }

  /**
   * Resets the device and brings it to DRIVER_OK, a line of its own.
   *
   * @param queue what becomes queue 0; a packed one where {@link #emitTestPacked} found it offered
   * @param features those of the lower 32 that are accepted where they are offered
   */
  public void emitStart(String name, VirtioRings queue, long features) {
    emitStart(name, List.of(queue), features);
  }

  /** As above, with several queues, from 0 on, all of one layout and with vector 0. */
  public void emitStart(String name, List<? extends VirtioRings> queues, long features) {
    boolean isPacked = queues.get(0) instanceof PackedQueue;
    String layout = isPacked ? ", RING_PACKED" : "";
    String which = queues.size() == 1 ? "queue 0" : "queues 0 to " + (queues.size() - 1);
    r.print("  " + name + ": reset, VERSION_1" + layout + ", " + which + " by MSI-X");
    emitReset();
    interrupts.enableMsix();
    status(ACKNOWLEDGE);
    status(ACKNOWLEDGE | DRIVER);
    emitFeatures(features, isPacked ? VERSION_1_HIGH | RING_PACKED_HIGH : VERSION_1_HIGH);
    for (int i = 0; i < queues.size(); i++) {
      emitQueue(i, queues.get(i));
    }
    status(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
    a.test(BYTE, ptr(RBP, STATUS), DRIVER_OK);
    r.check(Cond.NE, "DRIVER_OK stays");
    if ((features & EVENT_IDX) != 0) {
      Label none = new Label("no EVENT_IDX");
      a.test(DWORD, ptr(accepted), EVENT_IDX).jz(none);
      r.print(", EVENT_IDX");
      a.label(none);
    }
    r.endLine();
  }

  private void status(int value) {
    a.mov(BYTE, ptr(RBP, STATUS), value);
  }

  private void compareStatus() {
    a.cmp(BYTE, ptr(RBP, STATUS), 0);
  }

  /** Resets the device, and switches MSI-X off. */
  public void emitReset() {
    status(0);
    r.await(this::compareStatus, Cond.E, TIMEOUT_US);
    compareStatus();
    r.check(Cond.E, "the status is 0 after a reset");
    interrupts.disableMsix();
  }

  /** Sets the zero flag where packed rings are not offered. */
  void emitTestPacked() {
    a.mov(DWORD, ptr(RBP, DEVICE_FEATURE_SELECT), 1);
    a.test(DWORD, ptr(RBP, DEVICE_FEATURE), RING_PACKED_HIGH);
  }

  private void emitFeatures(long features, int high) {
    a.mov(DWORD, ptr(RBP, DEVICE_FEATURE_SELECT), 1);
    a.test(DWORD, ptr(RBP, DEVICE_FEATURE), VERSION_1_HIGH);
    r.check(Cond.NE, "VERSION_1 is offered");
    a.mov(DWORD, ptr(RBP, DRIVER_FEATURE_SELECT), 1);
    a.mov(DWORD, ptr(RBP, DRIVER_FEATURE), high);
    a.mov(DWORD, ptr(RBP, DEVICE_FEATURE_SELECT), 0);
    a.mov(EAX, ptr(RBP, DEVICE_FEATURE)).and(EAX, features).mov(ptr(accepted), EAX);
    a.mov(DWORD, ptr(RBP, DRIVER_FEATURE_SELECT), 0).mov(ptr(RBP, DRIVER_FEATURE), EAX);
    status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    a.test(BYTE, ptr(RBP, STATUS), FEATURES_OK);
    r.check(Cond.NE, "the device accepts the features");
  }

  private void emitQueue(int index, VirtioRings queue) {
    a.mov(EAX, ptr(accepted)).shr(EAX, Long.numberOfTrailingZeros(EVENT_IDX)).and(EAX, 1);
    queue.emitSetUp();
    a.mov(WORD, ptr(RBP, QUEUE_SELECT), index).cmp(WORD, ptr(RBP, QUEUE_SIZE), queue.size);
    r.check(Cond.AE, "the queue is large enough");
    a.mov(WORD, ptr(RBP, QUEUE_SIZE), queue.size);
    a.cmp(WORD, ptr(RBP, QUEUE_SIZE), queue.size);
    r.check(Cond.E, "the queue takes a smaller size");
    a.mov(WORD, ptr(RBP, QUEUE_VECTOR), 0).cmp(WORD, ptr(RBP, QUEUE_VECTOR), 0);
    r.check(Cond.E, "the queue takes the vector");
    address(queue, QUEUE_DESCRIPTORS, VirtioRings.DESCRIPTORS);
    address(queue, QUEUE_DRIVER, queue.driverArea);
    address(queue, QUEUE_DEVICE, queue.deviceArea);
    a.mov(WORD, ptr(RBP, QUEUE_ENABLE), 1).cmp(WORD, ptr(RBP, QUEUE_ENABLE), 1);
    r.check(Cond.E, "the queue is enabled");
    a.movzx(EAX, WORD, ptr(RBP, QUEUE_NOTIFY_OFF)).mov(ECX, ptr(multiplier)).mul(RCX);
    a.add(RAX, ptr(notify)).mov(ptr(queue.doorbell), RAX);
  }

  private void address(VirtioRings queue, int register, int offset) {
    a.mov(RAX, queue.memory).add(RAX, offset).mov(ptr(RBP, register), EAX);
    a.mov(DWORD, ptr(RBP, register + 4), 0);
  }

  /** {@link #find}: walks the capabilities; of each type the first one counts. */
  public void emitRoutines() {
    Label next = new Label("virtio capability next");
    Label advance = new Label("virtio capability advance");
    Label out = new Label("virtio capability out");
    a.label(find).xor(EBP, EBP).mov(QWORD, ptr(notify), 0).mov(QWORD, ptr(config), 0);
    a.mov(R14D, MOST_CAPABILITIES).mov(R15, ptr(RBX, Functions.CONFIG));
    a.movzx(R12D, BYTE, ptr(R15, FIRST_CAPABILITY));
    a.label(next).and(R12D, 0xfc).jz(out).dec(R14D).j(Cond.S, out);
    a.cmp(BYTE, capability(0), CAP_VENDOR).jnz(advance);
    a.movzx(R13D, BYTE, capability(CAP_TYPE));
    emitKeep(TYPE_COMMON, () -> a.test(RBP, RBP), () -> a.mov(RBP, RAX));
    emitKeep(
        TYPE_NOTIFY,
        () -> a.cmp(QWORD, ptr(notify), 0),
        () -> {
          a.mov(ptr(notify), RAX).mov(EAX, capability(CAP_MULTIPLIER));
          a.mov(ptr(multiplier), EAX);
        });
    emitKeep(TYPE_DEVICE, () -> a.cmp(QWORD, ptr(config), 0), () -> a.mov(ptr(config), RAX));
    a.label(advance).movzx(R12D, BYTE, capability(1)).jmp(next).label(out).ret();
  }

  private static Mem capability(int offset) {
    return ptr(R15, R12, 1, offset);
  }

  private void emitKeep(int type, Runnable compareNone, Runnable keep) {
    Label other = new Label("virtio structure is not " + type);
    a.cmp(R13D, type).jnz(other);
    compareNone.run();
    a.jnz(other).mov(EAX, capability(CAP_OFFSET)).movzx(ECX, BYTE, capability(CAP_BAR));
    a.call(msix.locate);
    keep.run();
    a.label(other);
  }
}
