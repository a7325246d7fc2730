package javelin.boot.host;

import java.util.List;

/** A report for people, in 80 columns. */
public final class ReportText {
  /** What the marks in a report on assigning mean. */
  public static final String DOCTOR_MARKS =
      "ok: good   ?: a warning   !!: stands against assigning";

  private static final String MARKS =
      "ok: there   -: not there, Javelin does without   !!: not there, needed to run";
  private static final int WIDTH = 80;
  private static final int MARK_WIDTH = 5;

  /** Values longer than this get a line of their own, and do not widen the column. */
  private static final int LONGEST_IN_COLUMN = 24;

  private static final int REASON_COLUMN = 21;

  private final TextLines lines = new TextLines(WIDTH);

  private ReportText() {}

  /** The lines of a report on what is there. */
  public static List<String> lines(HostReport report) {
    return lines(report, MARKS);
  }

  /** The lines of {@code report}, the last of which says what the {@code marks} in it mean. */
  public static List<String> lines(HostReport report, String marks) {
    ReportText text = new ReportText();
    for (Verdict verdict : report.verdicts()) {
      String answer = verdict.possible() ? "yes" : "no";
      String start = String.format("%-15s %-4s ", verdict.ability(), answer);
      text.lines.append(start, verdict.reason(), REASON_COLUMN);
    }
    report.sections().forEach(text::append);
    text.lines.add("");
    text.lines.add(marks);
    return text.lines.lines();
  }

  private void append(Section section) {
    lines.add("");
    lines.add(section.title());
    int names = 0;
    int values = 0;
    for (Fact fact : section.facts()) {
      names = Math.max(names, fact.name().length());
      if (!fact.neededFor().isEmpty() && fact.value().length() <= LONGEST_IN_COLUMN) {
        values = Math.max(values, fact.value().length());
      }
    }
    int valueColumn = MARK_WIDTH + names + 2;
    int needColumn = valueColumn + values + 2;
    for (Fact fact : section.facts()) {
      String mark =
          switch (fact.state()) {
            case OK -> "ok";
            case ABSENT -> "-";
            case MISSING -> "!!";
            case PLAIN -> "";
            case WARNS -> "?";
            case BLOCKS -> "!!";
          };
      String start = TextLines.pad("  " + TextLines.pad(mark, 3) + fact.name(), valueColumn);
      if (fact.neededFor().isEmpty() || fact.value().length() > LONGEST_IN_COLUMN) {
        lines.append(start, fact.value(), valueColumn);
        start = TextLines.pad("", valueColumn);
      } else {
        start += fact.value();
      }
      if (!fact.neededFor().isEmpty()) {
        lines.append(TextLines.pad(start, needColumn), fact.neededFor(), needColumn);
      }
    }
  }
}
