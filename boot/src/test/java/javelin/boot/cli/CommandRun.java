package javelin.boot.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/**
 * What a command line ended with when it was run inside the test.
 *
 * @param exitCode what the process would have ended with
 * @param out what it wrote to standard output through the command line's writer
 * @param err likewise, standard error
 */
record CommandRun(int exitCode, String out, String err) {
  static CommandRun of(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exitCode = Main.run(arguments, new PrintWriter(out, true), new PrintWriter(err, true));
    return new CommandRun(exitCode, out.toString(), err.toString());
  }
}
