package javelin.passthrough.binding;

import java.util.ArrayList;
import java.util.List;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;

/**
 * Every change that a process makes, counted from 1; at one of them it can be ended, or refused.
 */
final class Steps {
  /** The end of the process, as by SIGKILL: nothing in the code under test may catch it. */
  static final class Killed extends Error {
    private static final long serialVersionUID = 1L;
  }

  /** When the process ends: just before a change, or just after it. */
  enum Moment {
    BEFORE,
    AFTER
  }

  private final List<String> taken = new ArrayList<>();
  private int killAt = -1;
  private Moment moment = Moment.BEFORE;
  private int refuseAt = -1;
  private String blocked = "nothing";

  /** The process ends at the {@code number}-th change. */
  void killAt(int number, Moment when) {
    killAt = number;
    moment = when;
  }

  /** The {@code number}-th change from now is refused. */
  void refuseAt(int number) {
    refuseAt = taken.size() + number;
  }

  /** The kernel does not come back from changes that begin with {@code what}. */
  void blockOn(String what) {
    blocked = what;
  }

  /** The changes so far, in order. */
  List<String> taken() {
    return List.copyOf(taken);
  }

  void step(String what, Runnable change) {
    taken.add(what);
    int number = taken.size();
    if (number == refuseAt) {
      throw new ErrnoException("write", what, Errno.EIO.number());
    }
    if (what.startsWith(blocked)) {
      throw new BlockedException("still busy with " + what);
    }
    kill(number, Moment.BEFORE);
    change.run();
    kill(number, Moment.AFTER);
  }

  private void kill(int number, Moment now) {
    if (number == killAt && now == moment) {
      throw new Killed();
    }
  }
}
