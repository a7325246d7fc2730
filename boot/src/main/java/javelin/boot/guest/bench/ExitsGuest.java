package javelin.boot.guest.bench;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;

import java.util.List;
import javelin.boot.guest.GuestProgram;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.CheckingGuest;

/**
 * Measures what it costs to leave the guest, and to be interrupted: each {@link ExitCase} by the
 * time stamp counter, handed over as {@link SampleLog} says. One image for every machine: cases
 * that need what {@link BenchPorts} describes are left out where that is not there.
 *
 * <p>It uses no ACPI. It ends by the debug exit port, with value 0.
 */
public final class ExitsGuest extends CheckingGuest {
  /** CPUs of its machine, with APIC ids from 0 on. */
  public static final int CPUS = 2;

  private static final long STORED = 0x5aa5_0ff0L;

  private final SampleLog log;
  private final CaseLoop cases;
  private final InterruptCases interruptCases;
  private final SecondCpu secondCpu;

  /**
   * How much it does.
   *
   * @param warmup operations before those that count, in each case
   * @param count operations that count
   * @param slowCount operations that count in cases that are slow by their nature
   */
  public record Plan(int warmup, int count, int slowCount) {
    /** Refuses a plan without operations; the second CPU needs one to change its way of waiting. */
    public Plan {
      if (warmup < 1 || count < 1 || slowCount < 1) {
        throw new IllegalArgumentException(
            "warmup %d, count %d and slow count %d: at least 1 each"
                .formatted(warmup, count, slowCount));
      }
    }

    /** Operations of {@code of} before those that count. */
    public int warmup(ExitCase of) {
      return of.isSlow() ? Math.min(warmup, slowCount) : warmup;
    }

    /** Operations of {@code of} that count. */
    public int count(ExitCase of) {
      return of.isSlow() ? slowCount : count;
    }
  }

  private ExitsGuest(Plan plan) {
    super("exits", SLEEP_TYPE_S5);
    log = new SampleLog(r, Math.max(plan.count, plan.slowCount));
    cases = new CaseLoop(r, log, plan);
    interruptCases = new InterruptCases(cases, interrupts);
    secondCpu = new SecondCpu(cases, entry, apic, interrupts);
  }

  /** The guest. */
  public static GuestProgram program(Plan plan) {
    return new ExitsGuest(plan).assemble();
  }

  @Override
  protected void emitChecks() {
    new PitClock(r).emitCalibration(log::clock);
    apic.emitSetUp();
    r.endLine();
    timed(ExitCase.RDTSC, () -> {});
    timed(ExitCase.CPUID, () -> a.xor(EAX, EAX).xor(ECX, ECX).cpuid());
    unless(
        this::isPortThere,
        "there is no storage at port 0xe0",
        List.of(ExitCase.PORT_WRITE, ExitCase.PORT_READ),
        this::emitPorts);
    unless(
        this::isMmioThere,
        "there is no storage at 0xff000000",
        List.of(ExitCase.MMIO_WRITE, ExitCase.MMIO_READ),
        this::emitMmio);
    unless(
        this::areBenchPortsThere,
        "this machine has none at a place that the guest knows",
        List.of(
            ExitCase.IOEVENTFD_PORT,
            ExitCase.IOEVENTFD_MMIO,
            ExitCase.IRQFD,
            ExitCase.MSI,
            ExitCase.DOORBELL_IRQ),
        this::emitDoorbells);
    secondCpu.emit();
    unless(
        this::areBenchPortsThere,
        "this machine does not take the time of an exit",
        List.of(ExitCase.HOST_PORT_WRITE, ExitCase.HOST_MMIO_WRITE),
        this::emitTimedOutside);
    log.done();
    a.xor(EAX, EAX).out(BenchPorts.DEBUG_EXIT, AL);
  }

  private void timed(ExitCase of, Runnable operation) {
    cases.emit(of, () -> log.time(operation));
  }

  /**
   * {@code measured}, but where {@code look} leaves the zero flag clear: {@code without} are left
   * out then.
   */
  private void unless(Runnable look, String reason, List<ExitCase> without, Runnable measured) {
    Label there = new Label("there: " + reason);
    Label out = new Label("behind: " + reason);
    look.run();
    a.jz(there);
    without.forEach(of -> log.skip(of.id(), reason));
    a.jmp(out).label(there);
    measured.run();
    a.label(out);
  }

  private void isPortThere() {
    a.mov(EAX, STORED).out(BenchPorts.STORAGE, EAX).xor(EAX, EAX).in(EAX, BenchPorts.STORAGE);
    a.cmp(EAX, STORED);
  }

  private void isMmioThere() {
    a.mov(RBX, BenchPorts.STORAGE_MMIO).mov(EAX, STORED).mov(ptr(RBX), EAX).cmp(EAX, ptr(RBX));
  }

  private void areBenchPortsThere() {
    a.mov(EDX, BenchPorts.PRESENT).inDx(EAX).cmp(EAX, BenchPorts.MAGIC);
  }

  private void emitPorts() {
    timed(ExitCase.PORT_WRITE, () -> a.out(BenchPorts.STORAGE, AL));
    timed(ExitCase.PORT_READ, () -> a.in(AL, BenchPorts.STORAGE));
  }

  private void emitMmio() {
    a.mov(RBX, BenchPorts.STORAGE_MMIO);
    timed(ExitCase.MMIO_WRITE, () -> a.mov(ptr(RBX), EAX));
    timed(ExitCase.MMIO_READ, () -> a.mov(EAX, ptr(RBX)));
  }

  private void emitDoorbells() {
    timed(ExitCase.IOEVENTFD_PORT, () -> a.mov(EDX, BenchPorts.IDLE_DOORBELL).outDx(AL));
    a.mov(RBX, BenchPorts.IDLE_DOORBELL_MMIO);
    timed(ExitCase.IOEVENTFD_MMIO, () -> a.mov(ptr(RBX), EAX));
    interruptCases.emit();
  }

  private void emitTimedOutside() {
    a.mov(RBX, BenchPorts.TIMED_MMIO);
    cases.emit(ExitCase.HOST_PORT_WRITE, () -> a.mov(EDX, BenchPorts.TIMED).outDx(AL));
    cases.emit(ExitCase.HOST_MMIO_WRITE, () -> a.mov(ptr(RBX), EAX));
  }

  @Override
  protected void emitRoutines() {
    entry.emitApplicationProcessors();
    secondCpu.emitRoutines();
    log.emitRoutines();
  }
}
