package javelin.boot.kernel;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * The environment of a kvm-unit-tests binary: lines of name=value in its first module. With it the
 * binary learns of the machine what it would else ask a fw_cfg device for, which Javelin has not.
 * Other Multiboot kernels are free to ignore the module.
 */
final class TestEnvironment {
  /** What the binaries have room for. */
  static final int MAX_SIZE = 16384;

  private static final Pattern LINE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*=.*|\\s*(#.*)?");

  /**
   * The machine's own facts.
   *
   * @param cpus number of virtual CPUs
   * @param ram bytes of RAM
   */
  static String facts(int cpus, long ram) {
    return "NR_CPUS="
        + cpus
        + "\nMEMSIZE="
        + (ram >> 20)
        // No limit on what is used of it, and pc-testdev's ports are there.
        + "\nMEMLIMIT=0\nTEST_DEVICE=1\nBOOTLOADER=0\n";
  }

  /** Whether a module is such an environment, so that the facts may be added to it. */
  static boolean isEnvironment(byte[] module) {
    for (byte b : module) {
      if (b < ' ' && b != '\n' && b != '\t') {
        return false;
      }
    }
    return new String(module, StandardCharsets.US_ASCII)
        .lines()
        .allMatch(line -> LINE.matcher(line).matches());
  }

  /** Adds the facts whose names {@code environment} has not, as far as there is room. */
  static byte[] merge(byte[] environment, String facts) {
    StringBuilder merged = new StringBuilder(new String(environment, StandardCharsets.US_ASCII));
    if (merged.length() != 0 && merged.charAt(merged.length() - 1) != '\n') {
      merged.append('\n');
    }
    String given = "\n" + merged;
    for (String fact : facts.lines().toList()) {
      String name = fact.substring(0, fact.indexOf('=') + 1);
      if (!given.contains("\n" + name) && merged.length() + fact.length() < MAX_SIZE) {
        merged.append(fact).append('\n');
      }
    }
    return merged.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private TestEnvironment() {}
}
