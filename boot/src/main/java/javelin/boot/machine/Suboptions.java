package javelin.boot.machine;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An option's value with options of its own: {@code VALUE[,NAME[=TEXT]]...}. A comma in a value or
 * a text, such as one in a file's name, is written twice.
 */
final class Suboptions {
  private final String value;
  private final Map<String, String> values = new LinkedHashMap<>();

  /**
   * Takes {@code text} apart.
   *
   * @param option the option's name, for the error
   * @param hasValue whether a value comes first
   * @throws ConfigException where a name is given twice
   */
  Suboptions(String option, String text, boolean hasValue) {
    List<String> parts = parts(text);
    value = hasValue ? parts.get(0) : "";
    for (String part : parts.subList(hasValue ? 1 : 0, parts.size())) {
      String[] pair = part.split("=", 2);
      if (values.put(pair[0], pair.length > 1 ? pair[1] : "") != null) {
        throw new ConfigException(option, text, "give " + pair[0] + " only once");
      }
    }
  }

  private static List<String> parts(String text) {
    List<String> parts = new ArrayList<>();
    StringBuilder part = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean isTwice = c == ',' && i + 1 < text.length() && text.charAt(i + 1) == ',';
      if (c != ',' || isTwice) {
        part.append(c);
        i += isTwice ? 1 : 0;
      } else {
        parts.add(part.toString());
        part.setLength(0);
      }
    }
    parts.add(part.toString());
    return parts;
  }

  /** What comes first. */
  String value() {
    return value;
  }

  /** Whether {@code name} is given, and not taken out. */
  boolean has(String name) {
    return values.containsKey(name);
  }

  /** Takes the text of {@code name} out: empty where it has none, null where it is not given. */
  String take(String name) {
    return values.remove(name);
  }

  /**
   * Takes out the switch {@code name}; {@code otherwise} where it is not given.
   *
   * @throws IllegalArgumentException where it is neither {@code on} nor {@code off}
   */
  boolean takeSwitch(String name, boolean otherwise) {
    String text = take(name);
    if (text != null && !text.equals("on") && !text.equals("off")) {
      throw new IllegalArgumentException(name + " is on or off");
    }
    return text == null ? otherwise : text.equals("on");
  }

  /** Takes out {@code name}, which has no text; returns whether it is given. */
  boolean takeFlag(String name) {
    return "".equals(values.get(name)) && values.remove(name) != null;
  }

  /**
   * Requires that all are taken out.
   *
   * @param help which ones there are
   * @throws IllegalArgumentException naming one that is left
   */
  void requireNoMore(String help) {
    if (!values.isEmpty()) {
      throw new IllegalArgumentException(values.keySet().iterator().next() + "? " + help);
    }
  }
}
