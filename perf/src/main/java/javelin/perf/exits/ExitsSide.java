package javelin.perf.exits;

import java.io.IOException;
import javelin.boot.guest.bench.ExitsGuest;

/** Something that runs the measuring guest. */
interface ExitsSide {
  /** Its name for reports. */
  String name();

  /**
   * Runs the guest once, from its start to its end.
   *
   * @throws javelin.boot.cli.CommandException where this side cannot, which a later run would not
   *     change
   */
  SideRun run(ExitsGuest.Plan plan) throws IOException, InterruptedException;
}
