package javelin.passthrough.binding;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.Linux;

/**
 * A process on a {@link SimulatedKernel}: its changes are counted steps, its locks are real, and
 * when it ends the kernel takes them from it.
 */
final class SimulatedProcess implements AutoCloseable {
  private static final Patience SHORT = new Patience(Duration.ofMillis(50), Duration.ofMillis(50));

  private final SimulatedKernel kernel;
  private final Owner owner;
  private final List<DeviceLock> locks = new ArrayList<>();
  private final BindingHost host;
  private boolean root = true;

  /** What it changes. */
  final Steps steps = new Steps();

  /** What it tells its user. */
  final List<String> notes = new ArrayList<>();

  SimulatedProcess(SimulatedKernel kernel, Path run, int pid) {
    this(kernel, run, pid, (devices, force) -> {});
  }

  SimulatedProcess(SimulatedKernel kernel, Path run, int pid, TakeGuard guard) {
    this.kernel = kernel;
    owner = new Owner(pid, pid * 10L);
    kernel.file("/proc/" + pid + "/stat", pid + " (java (x)) S" + " 1".repeat(18) + " " + pid * 10);
    kernel.file("/proc/" + pid + "/cmdline", "javelin\0run\0");
    host =
        new BindingHost(
            kernel.files(), new Control(), new Journals(run), guard, owner, SHORT, notes::add);
  }

  BindingHost host() {
    return host;
  }

  /** Makes it one that may not write to sysfs. */
  SimulatedProcess withoutRoot() {
    root = false;
    return this;
  }

  /** Ends the process, however far it has come. */
  @Override
  public void close() {
    kernel.delete("/proc/" + owner.pid());
    locks.forEach(DeviceLock::close);
  }

  private final class Control implements HostControl {
    @Override
    public void write(String path, String value) {
      String step = path.replace("/sys/bus/pci/", "") + " = " + value.strip();
      steps.step(step, () -> kernel.write(path, value));
    }

    @Override
    public boolean mayWrite(String path) {
      return root;
    }

    @Override
    public Outcome run(List<String> command) {
      Outcome[] outcome = new Outcome[1];
      steps.step(String.join(" ", command), () -> outcome[0] = kernel.run(command));
      return outcome[0];
    }
  }

  private final class Journals extends JournalFolder {
    Journals(Path folder) {
      super(Linux.system(), folder);
    }

    @Override
    void save(Journal journal) {
      String step = "journal " + journal.saved().address() + " " + journal.state();
      steps.step(step, () -> super.save(journal));
    }

    @Override
    void delete(HostAddress address) {
      steps.step("journal " + address + " deleted", () -> super.delete(address));
    }

    @Override
    Optional<DeviceLock> tryLock(HostAddress address) {
      Optional<DeviceLock> lock = super.tryLock(address);
      lock.ifPresent(locks::add);
      return lock;
    }
  }
}
