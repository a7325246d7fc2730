package javelin.boot.machine;

import java.util.regex.Pattern;

/**
 * A virtio port that the guest finds by its name: {@code name=NAME,to=WHERE}.
 *
 * @param name its name
 * @param to what it talks to
 */
public record PortSpec(String name, SerialSpec to) {
  static final String OPTION = "--console-port";
  private static final String HELP = "options are name=NAME, to=WHERE";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._:-]{1,64}");

  /**
   * Reads a value of {@code --console-port}.
   *
   * @throws ConfigException naming what is wrong with it
   */
  public static PortSpec parse(String text) {
    Suboptions values = new Suboptions(OPTION, text, false);
    String name = values.take("name");
    String to = values.take("to");
    try {
      values.requireNoMore(HELP);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(OPTION, text, e.getMessage());
    }
    if (name == null || to == null) {
      throw new ConfigException(
          OPTION, text, "give both, as in name=org.example.agent,to=socket:agent.sock");
    }
    if (!NAME.matcher(name).matches()) {
      throw new ConfigException(
          OPTION, text, "name takes 1 to 64 letters, digits, dots, colons, dashes, underscores");
    }
    return new PortSpec(name, SerialSpec.parse(OPTION, to));
  }
}
