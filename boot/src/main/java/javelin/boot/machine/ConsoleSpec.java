package javelin.boot.machine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javelin.devices.virtio.console.VirtioConsole;

/**
 * The guest's virtio console and ports.
 *
 * @param console where the console goes; null for none
 * @param ports the ports with names, in the order in which the guest sees them
 */
public record ConsoleSpec(SerialSpec console, List<PortSpec> ports) {
  /** Neither. */
  public static final ConsoleSpec NONE = new ConsoleSpec(null, List.of());

  static final String OPTION = "--console";

  /** Who talks to what. */
  private record User(String option, SerialSpec to) {}

  /**
   * Checks the ports.
   *
   * @throws ConfigException where there are too many, or two of one name
   */
  public ConsoleSpec {
    ports = List.copyOf(ports);
    if (ports.size() > VirtioConsole.MAX_PORTS) {
      throw new ConfigException(
          PortSpec.OPTION, "", "a guest has up to " + VirtioConsole.MAX_PORTS + " of them");
    }
    Set<String> names = new HashSet<>();
    for (PortSpec port : ports) {
      if (!names.add(port.name())) {
        throw new ConfigException(PortSpec.OPTION, port.name(), "give each name only once");
      }
    }
  }

  /**
   * Reads a value of {@code --console}, which is as one of {@code --serial}.
   *
   * @throws ConfigException naming what is wrong with it
   */
  public static SerialSpec parse(String text) {
    return SerialSpec.parse(OPTION, text);
  }

  /** Whether the console or a port is on standard input and output. */
  public boolean usesStdio() {
    return users().stream().anyMatch(user -> user.to().kind() == SerialSpec.Kind.STDIO);
  }

  private List<User> users() {
    List<User> users = new ArrayList<>();
    if (console != null) {
      users.add(new User(OPTION, console));
    }
    ports.forEach(port -> users.add(new User(PortSpec.OPTION, port.to())));
    return users;
  }

  /**
   * Checks that nothing is used twice.
   *
   * @param serial where COM1 goes
   * @throws ConfigException naming what is
   */
  void requireDistinct(SerialSpec serial) {
    String stdioUser = serial.kind() == SerialSpec.Kind.STDIO ? "--serial" : null;
    Set<Path> paths = new HashSet<>();
    if (serial.path() != null) {
      paths.add(serial.path());
    }
    for (User user : users()) {
      SerialSpec to = user.to();
      if (to.kind() == SerialSpec.Kind.STDIO && stdioUser != null) {
        throw new ConfigException(
            user.option(),
            to,
            stdioUser.equals("--serial")
                ? "the serial port has standard input and output; give --serial null, or another"
                    + " place"
                : stdioUser + " has standard input and output already; give one another place");
      }
      if (to.kind() == SerialSpec.Kind.STDIO) {
        stdioUser = user.option();
      }
      if (to.path() != null && !paths.add(to.path())) {
        throw new ConfigException(user.option(), to, "it is used already; give each its own");
      }
    }
  }
}
