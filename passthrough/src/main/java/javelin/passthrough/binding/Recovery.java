package javelin.passthrough.binding;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javelin.passthrough.binding.Journal.State;
import javelin.passthrough.host.HostAddress;

/**
 * Gives back what processes that are gone have left ({@link Journal.State} says what that means).
 * Running it again, also after it was itself cut off, does no harm; without journals it costs one
 * look at a folder.
 */
public final class Recovery {
  /**
   * What came of it. What was given back is told to the host's notes.
   *
   * @param problems devices that should be the host's and are not, each with its reason
   * @param left devices that rightly stay as they are, each with its reason
   */
  public record Result(List<String> problems, List<String> left) {}

  private final BindingHost host;
  private final boolean all;
  private final List<String> problems = new ArrayList<>();
  private final List<String> left = new ArrayList<>();

  private Recovery(BindingHost host, boolean all) {
    this.host = host;
    this.all = all;
  }

  /** Gives back what was not taken by hand. */
  public static Result run(BindingHost host) {
    return new Recovery(host, false).recover();
  }

  /** Gives back also what was taken by hand. */
  public static Result runAll(BindingHost host) {
    return new Recovery(host, true).recover();
  }

  private Result recover() {
    List<HostAddress> addresses = host.journals().addresses();
    for (HostAddress address : addresses) {
      try {
        recover(address, addresses);
      } catch (RuntimeException e) {
        problems.add(e.getMessage());
      }
    }
    return new Result(problems, left);
  }

  private void recover(HostAddress address, List<HostAddress> others) {
    Optional<DeviceLock> lock = host.journals().tryLock(address);
    if (lock.isEmpty()) {
      left.add(host.lockedText(address));
      return;
    }
    try (DeviceLock held = lock.get()) {
      host.journals().nameHolder(held.address(), host.self());
      // Only now: it may have changed, or gone, while another had the lock.
      Optional<Journal> journal = host.journals().load(address);
      if (journal.isPresent()) {
        recover(journal.get(), others);
      }
    }
  }

  private void recover(Journal journal, List<HostAddress> others) {
    HostAddress address = journal.saved().address();
    Owner owner = journal.owner();
    if (!journal.bootId().equals(host.bootId())) {
      host.journals().delete(address);
    } else if (journal.state() == State.TAKEN && !all) {
      left.add(
          address
              + ": taken by hand; javelin pci give-back "
              + address
              + " or recover --all gives it back");
    } else if (!owner.equals(host.self()) && owner.isAlive(host.files())) {
      left.add(
          address
              + ": "
              + Owner.describe(host.files(), owner.pid())
              + ", which has it, still runs");
    } else if (journal.state() == State.TAKING && !all && isFinished(owner, others)) {
      host.journals().save(journal.with(State.TAKEN, owner));
    } else {
      new GiveBack(host).run(journal);
    }
  }

  /** Whether {@code owner} had bound its whole set: it then set one after the other to TAKEN. */
  private boolean isFinished(Owner owner, List<HostAddress> others) {
    return others.stream()
        .map(this::loadUndamaged)
        .flatMap(Optional::stream)
        .anyMatch(other -> other.state() == State.TAKEN && other.owner().equals(owner));
  }

  private Optional<Journal> loadUndamaged(HostAddress address) {
    try {
      return host.journals().load(address);
    } catch (BindingException e) {
      return Optional.empty(); // Its own turn reports it.
    }
  }
}
