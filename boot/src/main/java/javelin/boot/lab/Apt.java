package javelin.boot.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Apt, as far as it is needed here. */
interface Apt {
  /** The output of {@code apt-cache} with the given arguments; empty where it fails. */
  String cache(String... arguments);

  /** The output of {@code apt-get} with the given arguments; empty where it fails. */
  String query(String... arguments);

  /** Starts {@code apt-get} in a folder, with all its output in the file {@code log}. */
  Process start(Path folder, Path log, List<String> arguments) throws IOException;

  /** The apt of this machine. */
  final class Host implements Apt {
    @Override
    public String cache(String... arguments) {
      return output("apt-cache", arguments);
    }

    @Override
    public String query(String... arguments) {
      return output("apt-get", arguments);
    }

    private static String output(String program, String... arguments) {
      List<String> command = new ArrayList<>();
      try {
        command.add(HostPrograms.find(program).toString());
      } catch (LabException e) {
        throw new LabException("this machine has no apt to fetch packages with", e);
      }
      command.addAll(List.of(arguments));
      try {
        return new String(HostPrograms.output(command), StandardCharsets.UTF_8);
      } catch (LabException e) {
        return ""; // apt-cache fails for a name that it does not know
      }
    }

    @Override
    public Process start(Path folder, Path log, List<String> arguments) throws IOException {
      // Without root's sandbox user, who may not write to the user's cache.
      List<String> command =
          new ArrayList<>(List.of("apt-get", "-q", "-o", "APT::Sandbox::User=root"));
      command.addAll(arguments);
      return new ProcessBuilder(command)
          .directory(folder.toFile())
          .redirectInput(Path.of("/dev/null").toFile())
          .redirectErrorStream(true)
          .redirectOutput(log.toFile())
          .start();
    }
  }
}
