package javelin.boot.guest.bench;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import java.util.List;
import javelin.boot.guest.GuestProgram;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.assign.DeviceChecks;
import javelin.boot.guest.assign.PciCheckGuest;
import javelin.boot.guest.assign.PciPlatform;

/**
 * The guest that measures the one device that it gets, assigned or virtio, and says on the console
 * what it has measured, as {@link SampleLog} describes. Between cases it is found by its marks on
 * the POST port: {@link #BEGIN} before the first measured operation of a case, {@link #END} behind
 * the last.
 *
 * <p>Registers are read of devices only whose registers it knows to be safe to read.
 */
public final class AssignBenchGuest extends PciCheckGuest {
  /** Written to the POST port before the first measured operation of a case. */
  public static final int BEGIN = OperationLoop.BEGIN;

  /** Written to the POST port behind the last one. */
  public static final int END = OperationLoop.END;

  private final AssignPlan plan;
  private final SampleLog log;
  private final List<DeviceChecks> devices;

  /** How many functions are known to it (32 bits). */
  private final Label known;

  private AssignBenchGuest(PciPlatform platform, AssignPlan plan) {
    super("assign-bench", platform);
    this.plan = plan;
    log = new SampleLog(r, plan.samples() + plan.warmUp());
    known = r.variable("knownFunctions", 4);
    RegisterRead read = new RegisterRead(kit, log, plan);
    RandomBlocks blocks = new RandomBlocks(kit, log);
    OperationLoop loop = new OperationLoop(kit, pciInterrupts, log, plan);
    devices =
        List.of(
            new EduBench(kit, pciInterrupts, read, loop, known),
            new NvmeBench(kit, pciInterrupts, read, loop, blocks, known),
            new E1000Bench(kit, pciInterrupts, read, loop, known),
            new TestFunctionBench(kit, pciInterrupts, read, loop, known),
            new VirtioBlkBench(kit, msix, pciInterrupts, read, loop, blocks, known));
  }

  /** The guest for a machine of that kind. */
  public static GuestProgram program(PciPlatform platform, AssignPlan plan) {
    return new AssignBenchGuest(platform, plan).assemble();
  }

  @Override
  protected void emitChecks() {
    super.emitChecks();
    Label some = new Label("a known function");
    a.cmp(DWORD, ptr(known), 0).jnz(some);
    plan.cases().stream()
        .sorted()
        .forEach(
            which -> log.skip(which.id(), "the measuring guest has no driver for this device"));
    a.label(some);
    log.done();
  }

  @Override
  protected void emitFunction() {
    Label first = new Label("the first function");
    Label out = new Label("not the first function");
    a.cmp(DWORD, ptr(known), 0).jz(first).jmp(out).label(first);
    functions.emitIdentity();
    r.print("\r\n");
    bars.emit();
    capabilities.emit();
    log.clock();
    devices.forEach(DeviceChecks::emit);
    functions.command(0);
    a.label(out);
  }

  @Override
  protected void emitRoutines() {
    super.emitRoutines();
    log.emitRoutines();
  }

  @Override
  protected List<DeviceChecks> devices() {
    return devices;
  }
}
