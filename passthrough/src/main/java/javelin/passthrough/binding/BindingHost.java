package javelin.passthrough.binding;

import java.time.Duration;
import java.util.function.Consumer;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;

/** The host as binding sees it: what it reads, what it changes, and where it remembers. */
public final class BindingHost {
  private static final Duration DEADLINE = Duration.ofSeconds(20);

  private final HostFiles files;
  private final HostControl control;
  private final JournalFolder journals;
  private final TakeGuard guard;
  private final Owner self;
  private final Patience patience;
  private final Consumer<String> notes;

  BindingHost(
      HostFiles files,
      HostControl control,
      JournalFolder journals,
      TakeGuard guard,
      Owner self,
      Patience patience,
      Consumer<String> notes) {
    this.files = files;
    this.control = control;
    this.journals = journals;
    this.guard = guard;
    this.self = self;
    this.patience = patience;
    this.notes = notes;
  }

  /**
   * This host.
   *
   * @param notes hears, a line each, what was done and what could not be restored
   */
  public static BindingHost system(Consumer<String> notes) {
    HostFiles files = HostFiles.system();
    return new BindingHost(
        files,
        new LinuxControl(files, Linux.system(), DEADLINE),
        new JournalFolder(Linux.system(), JournalFolder.systemFolder()),
        VerdictGuard.of(files, System.getenv()),
        Owner.self(files),
        Patience.USUAL,
        notes);
  }

  HostFiles files() {
    return files;
  }

  HostControl control() {
    return control;
  }

  JournalFolder journals() {
    return journals;
  }

  TakeGuard guard() {
    return guard;
  }

  /** This process. */
  Owner self() {
    return self;
  }

  Patience patience() {
    return patience;
  }

  DeviceFiles device(HostAddress address) {
    return new DeviceFiles(files, address);
  }

  /** What this boot is called. */
  String bootId() {
    return files.text("/proc/sys/kernel/random/boot_id").orElse("");
  }

  /** Tells the user something about a device. */
  void note(HostAddress address, String text) {
    note(address + ": " + text);
  }

  /** Tells the user something. */
  void note(String text) {
    notes.accept(text);
  }

  /**
   * Locks a device for this process.
   *
   * @throws BindingException naming the process that has the lock
   */
  DeviceLock lock(HostAddress address) {
    DeviceLock lock =
        journals.tryLock(address).orElseThrow(() -> new BindingException(lockedText(address)));
    journals.nameHolder(address, self);
    return lock;
  }

  /** That another process has a device, in words, and which. */
  String lockedText(HostAddress address) {
    String holder =
        journals.holder(address).map(pid -> Owner.describe(files, pid)).orElse("another process");
    return address + ": held by " + holder + "; end that first";
  }
}
