package javelin.perf.result.page;

/** Pieces of HTML and SVG, with text that may hold any character. */
final class Markup {
  private final StringBuilder out = new StringBuilder();

  /** Adds markup as it is. */
  Markup raw(String markup) {
    out.append(markup);
    return this;
  }

  /** Adds an element that holds text only. */
  Markup element(String name, String text) {
    return open(name).text(text).close(name);
  }

  /** Adds an element's start. */
  Markup open(String name, String... attributesAndValues) {
    tag(name, attributesAndValues);
    out.append('>');
    return this;
  }

  /** Adds an element without content, as SVG has them. */
  Markup empty(String name, String... attributesAndValues) {
    tag(name, attributesAndValues);
    out.append("/>");
    return this;
  }

  private void tag(String name, String... attributesAndValues) {
    out.append('<').append(name);
    for (int i = 0; i < attributesAndValues.length; i += 2) {
      out.append(' ').append(attributesAndValues[i]).append("=\"");
      text(attributesAndValues[i + 1]);
      out.append('"');
    }
  }

  /** Adds an element's end. */
  Markup close(String name) {
    out.append("</").append(name).append(">\n");
    return this;
  }

  /** Adds text. */
  Markup text(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '&' -> out.append("&amp;");
        case '"' -> out.append("&quot;");
        default -> out.append(c);
      }
    }
    return this;
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
