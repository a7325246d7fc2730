package javelin.boot.host;

import java.util.Collection;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;

/**
 * JSON (RFC 8259) of maps with string keys, collections, strings, numbers, booleans, enums (in
 * lower case) and null. Collections of objects have each on a line of its own.
 */
public final class Json {
  private static final int STEP = 2;

  private final StringBuilder out = new StringBuilder();

  private Json() {}

  /** {@code object} with each member on a line of its own. */
  public static String of(Map<String, ?> object) {
    Json json = new Json();
    json.members(object, "\n" + " ".repeat(STEP), STEP);
    return json.out.insert(0, '{').append("\n}").toString();
  }

  private void members(Map<?, ?> object, String start, int indent) {
    String before = start;
    for (Map.Entry<?, ?> member : object.entrySet()) {
      out.append(before);
      string(member.getKey().toString());
      out.append(": ");
      value(member.getValue(), indent);
      before = start.isEmpty() ? ", " : "," + start;
    }
  }

  private void value(Object value, int indent) {
    if (value instanceof Map<?, ?> object) {
      out.append('{');
      members(object, "", indent);
      out.append('}');
    } else if (value instanceof Collection<?> list) {
      list(list, indent + STEP);
    } else if (value instanceof Number || value instanceof Boolean || value == null) {
      out.append(value);
    } else if (value instanceof Enum<?> constant) {
      string(constant.name().toLowerCase(Locale.ROOT));
    } else {
      string(value.toString());
    }
  }

  private void list(Collection<?> list, int indent) {
    boolean broken = list.stream().anyMatch(item -> item instanceof Map);
    out.append('[');
    for (Iterator<?> rest = list.iterator(); rest.hasNext(); ) {
      out.append(broken ? "\n" + " ".repeat(indent) : "");
      value(rest.next(), indent);
      out.append(rest.hasNext() ? broken ? "," : ", " : "");
    }
    out.append(']');
  }

  /** Section 7: quotation mark, reverse solidus and control characters are escaped. */
  private void string(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ') {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
