package javelin.passthrough.json;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One JSON text (RFC 8259), from whoever wrote it. Objects become {@code Map<String, Object>},
 * arrays {@code List<Object>}; then there are {@code String}, {@code Long}, {@code Double} where a
 * number is no integer of 18 digits, {@code Boolean} and null. Of a name that is there twice the
 * last value counts.
 */
public final class JsonReader {
  private static final int DEEPEST = 16;
  private static final Pattern TOKEN =
      Pattern.compile(
          "\\s*(?:(?<mark>[{}\\[\\]:,])|(?<word>true|false|null)"
              + "|(?<number>-?\\d{1,18}(?<fraction>(?:\\.\\d{1,18})?(?:[eE][+-]?\\d{1,3})?))"
              + "|\"(?<string>[^\"\\\\]*+(?:\\\\.[^\"\\\\]*+)*+)\")");
  private static final Pattern ESCAPE = Pattern.compile("\\\\(u[0-9a-fA-F]{4}|[\"\\\\/bfnrt])");

  private final Matcher tokens;
  private final int length;
  private int position;
  private int depth;

  private JsonReader(String text) {
    tokens = TOKEN.matcher(text);
    length = text.stripTrailing().length();
  }

  /**
   * Reads an object.
   *
   * @throws IllegalArgumentException saying what was expected where
   */
  public static Map<String, Object> object(String text) {
    JsonReader reader = new JsonReader(text);
    reader.mark("{");
    Map<String, Object> members = reader.members();
    if (reader.position < reader.length) {
      throw reader.wrong("the end");
    }
    return members;
  }

  private Map<String, Object> members() {
    Map<String, Object> members = new LinkedHashMap<>();
    descend();
    next("a string or }");
    while (!isMark("}")) {
      String name = text();
      mark(":");
      next("a value");
      members.put(name, value());
      if (mark(",}").equals(",")) {
        nextBut("}", "a string");
      }
    }
    depth--;
    return members;
  }

  private List<Object> items() {
    List<Object> items = new ArrayList<>();
    descend();
    next("a value or ]");
    while (!isMark("]")) {
      items.add(value());
      if (mark(",]").equals(",")) {
        nextBut("]", "a value");
      }
    }
    depth--;
    return items;
  }

  private void descend() {
    if (++depth > DEEPEST) {
      throw wrong("no more than " + DEEPEST + " levels");
    }
  }

  private Object value() {
    if (tokens.group("number") != null) {
      return tokens.group("fraction").isEmpty()
          ? (Object) Long.parseLong(tokens.group("number"))
          : (Object) Double.parseDouble(tokens.group("number"));
    }
    if (tokens.group("word") != null) {
      String word = tokens.group("word");
      return word.equals("null") ? null : Boolean.valueOf(word);
    }
    if (isMark("[")) {
      return items();
    }
    return isMark("{") ? members() : text();
  }

  private String text() {
    String text = tokens.group("string");
    if (text == null) {
      throw wrong("a string");
    }
    return ESCAPE
        .matcher(text)
        .replaceAll(escape -> Matcher.quoteReplacement(plain(escape.group(1))));
  }

  private static String plain(String code) {
    return switch (code.charAt(0)) {
      case 'u' -> String.valueOf((char) Integer.parseInt(code.substring(1), 16));
      case 'b' -> "\b";
      case 'f' -> "\f";
      case 'n' -> "\n";
      case 'r' -> "\r";
      case 't' -> "\t";
      default -> code;
    };
  }

  private boolean isMark(String wanted) {
    return wanted.equals(tokens.group("mark"));
  }

  private String mark(String wanted) {
    next(wanted);
    String mark = tokens.group("mark");
    if (mark == null || !wanted.contains(mark)) {
      throw wrong(wanted);
    }
    return mark;
  }

  private void next(String wanted) {
    if (!tokens.find(position) || tokens.start() != position) {
      throw wrong(wanted);
    }
    position = tokens.end();
  }

  private void nextBut(String end, String wanted) {
    next(wanted);
    if (isMark(end)) {
      throw wrong(wanted);
    }
  }

  private IllegalArgumentException wrong(String wanted) {
    return new IllegalArgumentException("expected " + wanted + " at character " + position);
  }
}
