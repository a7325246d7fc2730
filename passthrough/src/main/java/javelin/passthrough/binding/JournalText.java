package javelin.passthrough.binding;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.json.JsonReader;

/**
 * A journal as text: one JSON object (RFC 8259), each member a string, a number or an array of
 * strings.
 *
 * <pre>
 * {
 *   "device": "0000:03:00.0",
 *   "state": "HELD",
 *   "driver": "e1000e",
 *   "driver_override": "",
 *   "netdevs": ["enp3s0"],
 *   "sriov_numvfs": 0,
 *   "reset_method": "flr bus",
 *   "power_control": "on",
 *   "boot_id": "5a1e…",
 *   "owner_pid": 4711,
 *   "owner_start_time": 123456
 * }
 * </pre>
 */
final class JournalText {
  private final Map<String, Object> members;

  private JournalText(Map<String, Object> members) {
    this.members = members;
  }

  /** Writes {@code journal}. */
  static String of(Journal journal) {
    SavedDevice saved = journal.saved();
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("device", saved.address().toString());
    members.put("state", journal.state().name());
    members.put("driver", saved.driver());
    members.put("driver_override", saved.driverOverride());
    members.put("netdevs", saved.netdevs());
    members.put("sriov_numvfs", saved.sriovNumVfs());
    members.put("reset_method", saved.resetMethod());
    members.put("power_control", saved.powerControl());
    members.put("boot_id", journal.bootId());
    members.put("owner_pid", journal.owner().pid());
    members.put("owner_start_time", journal.owner().startTime());
    return members.entrySet().stream()
        .map(member -> "  " + value(member.getKey()) + ": " + value(member.getValue()))
        .collect(Collectors.joining(",\n", "{\n", "\n}\n"));
  }

  private static String value(Object value) {
    if (value instanceof List<?> list) {
      return list.stream().map(JournalText::value).collect(Collectors.joining(", ", "[", "]"));
    }
    return value instanceof String text ? quoted(text) : value.toString();
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ') {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c == '"' || c == '\\' ? "\\" : "").append(c);
      }
    }
    return out.append('"').toString();
  }

  /**
   * Reads what {@link #of} wrote.
   *
   * @throws IllegalArgumentException saying what is wrong with the text
   */
  static Journal parse(String text) {
    JournalText json = new JournalText(JsonReader.object(text));
    SavedDevice saved =
        new SavedDevice(
            HostAddress.parse(json.string("device")),
            json.string("driver"),
            json.string("driver_override"),
            json.list("netdevs"),
            json.number("sriov_numvfs"),
            json.string("reset_method"),
            json.string("power_control"));
    return new Journal(
        json.state(),
        saved,
        json.string("boot_id"),
        new Owner(json.number("owner_pid"), json.number("owner_start_time")));
  }

  private Journal.State state() {
    String name = string("state");
    try {
      return Journal.State.valueOf(name);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("\"" + name + "\" is no state", e);
    }
  }

  private String string(String name) {
    return member(name, String.class);
  }

  private long number(String name) {
    return member(name, Long.class);
  }

  private List<String> list(String name) {
    List<?> items = member(name, List.class);
    if (!items.stream().allMatch(String.class::isInstance)) {
      throw new IllegalArgumentException(name + " has the wrong type");
    }
    return items.stream().map(String.class::cast).toList();
  }

  private <T> T member(String name, Class<T> type) {
    Object value = members.get(name);
    if (!type.isInstance(value)) {
      throw new IllegalArgumentException(
          value == null ? name + " is missing" : name + " has the wrong type");
    }
    return type.cast(value);
  }
}
