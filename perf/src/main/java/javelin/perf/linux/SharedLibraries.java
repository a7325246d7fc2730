package javelin.perf.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javelin.perf.bench.HostTool;

/** The files that a dynamically linked program is loaded with. */
final class SharedLibraries {
  /** ldd(1): {@code name => /path (0xaddress)}, or {@code /path (0xaddress)} for the loader. */
  private static final Pattern LINE = Pattern.compile("(?:\\S+ => )?(/\\S+) \\(0x[0-9a-f]+\\)");

  private SharedLibraries() {}

  /** Where the loader finds those of {@code program}, and the loader itself. */
  static Set<Path> of(Path program) throws IOException, InterruptedException {
    return parse(HostTool.output("ldd", program.toString()));
  }

  /** What ldd says. */
  static Set<Path> parse(String answer) throws IOException {
    Set<Path> files = new LinkedHashSet<>();
    for (String line : answer.lines().map(String::strip).toList()) {
      Matcher matcher = LINE.matcher(line);
      if (matcher.matches()) {
        files.add(Path.of(matcher.group(1)));
      } else if (line.endsWith("not found")) {
        throw new IOException("a shared library is missing: " + line);
      }
    }
    return files;
  }
}
