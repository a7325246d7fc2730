package javelin.boot.testing;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import javelin.boot.host.KvmProbe;
import javelin.boot.kernel.BootProtocol;
import javelin.boot.machine.AssignSource;
import javelin.boot.machine.AssignSpec;
import javelin.boot.machine.GuestImage;
import javelin.boot.machine.MachineConfig;
import javelin.boot.machine.PcMachine;
import javelin.devices.console.MemoryBackend;
import javelin.passthrough.assigned.AssignOptions;
import javelin.passthrough.faults.Fault;
import javelin.passthrough.model.DeviceModel;
import javelin.vmm.linux.Linux;
import javelin.vmm.machine.StopReason;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A guest for each test of a class: started before it, ended and cleaned up after it. Where this
 * machine has no KVM that may be used, the test is skipped.
 *
 * <pre>{@code
 * @RegisterExtension
 * final GuestExtension guest =
 *     GuestExtension.builtIn(GuestImage.BuiltIn.ASSIGN_CHECK).device("mine", MyDevice::new);
 *
 * @Test
 * void shouldFindMyDevice() throws Exception {
 *   assertThat(guest.exit()).isEqualTo(new StopReason.PoweredOff());
 *   assertThat(guest.console()).contains("1234:c4c3");
 * }
 * }</pre>
 */
public final class GuestExtension implements BeforeEachCallback, AfterEachCallback {
  private static final Duration MOST_TIME = Duration.ofSeconds(60);

  private final GuestImage image;
  private final List<AssignSpec> devices = new ArrayList<>();
  private final List<String> messages = new CopyOnWriteArrayList<>();
  private UnaryOperator<MachineConfig.Builder> options = builder -> builder;

  /** Of the test that runs. */
  private MemoryBackend console;

  private PcMachine machine;
  private CompletableFuture<StopReason> stopped;
  private Thread runner;

  private GuestExtension(GuestImage image) {
    this.image = image;
  }

  /** A guest that Javelin has. */
  public static GuestExtension builtIn(GuestImage.BuiltIn guest) {
    return new GuestExtension(guest);
  }

  /**
   * A kernel, started as its file says.
   *
   * @param initrd null for none
   * @param commandLine such as {@code "console=ttyS0"}
   */
  public static GuestExtension kernel(Path kernel, Path initrd, String commandLine) {
    return new GuestExtension(
        new GuestImage.KernelFile(kernel, initrd, commandLine, BootProtocol.AUTO));
  }

  /** Sets more of the machine: its RAM, its CPUs, a time limit other than a minute. */
  public GuestExtension machine(UnaryOperator<MachineConfig.Builder> more) {
    options = more;
    return this;
  }

  /**
   * Adds a device of the test's own, on the next free slot of the guest's PCI bus.
   *
   * @param name for messages
   * @param model makes one for each test
   * @param faults what it does wrong on purpose, such as {@code "drop-irq:3"}
   */
  public GuestExtension device(String name, Supplier<DeviceModel> model, String... faults) {
    AssignSource source = new AssignSource.Own(name, model);
    List<Fault> parsed = Arrays.stream(faults).map(Fault::parse).toList();
    devices.add(new AssignSpec(source, null, AssignOptions.DEFAULT, false, parsed));
    return this;
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    Linux linux = Linux.system();
    String failure = KvmProbe.of(linux, MachineConfig.DEV_KVM.toString()).failure();
    Assumptions.assumeTrue(failure == null, () -> "skipped: " + failure);
    messages.clear();
    console = new MemoryBackend();
    stopped = new CompletableFuture<>();
    MachineConfig.Builder builder =
        MachineConfig.builder().guest(image).assigned(devices).timeout(MOST_TIME);
    machine = new PcMachine(linux, options.apply(builder).build(), loop -> console, messages::add);
    runner = new Thread(this::run, "guest");
    runner.start();
  }

  private void run() {
    try {
      stopped.complete(machine.run());
    } catch (InterruptedException | RuntimeException e) {
      stopped.completeExceptionally(e);
    }
  }

  /** What the guest has written to its serial console so far. */
  public String console() {
    return console.text();
  }

  /**
   * Waits until {@code text} is on the console.
   *
   * @throws AssertionError where it does not come in a minute
   */
  public void awaitConsole(String text) throws InterruptedException {
    if (!console.awaitText(text, MOST_TIME.toMillis())) {
      throw new AssertionError("waited for \"" + text + "\" in:\n" + console());
    }
  }

  /** Types on the serial console. */
  public void type(String text) {
    console.type(text);
  }

  /** What Javelin has said itself so far, a line each: of a device that is gone, for example. */
  public List<String> messages() {
    return List.copyOf(messages);
  }

  /** Presses the power button; returns whether the guest listens to it. */
  public boolean pressPowerButton() {
    return machine.pressPowerButton();
  }

  /** Waits until the guest ends, and tells why it has. */
  public StopReason exit() throws InterruptedException {
    try {
      return stopped.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }

  @Override
  public void afterEach(ExtensionContext context) throws InterruptedException {
    if (machine == null) {
      return;
    }
    machine.stop("the end of the test");
    runner.join();
    machine.close();
    machine = null;
  }
}
