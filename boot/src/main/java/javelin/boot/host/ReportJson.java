package javelin.boot.host;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A report for programs, as JSON:
 *
 * <pre>
 * {"verdicts": [{"ability": …, "possible": true, "reason": …}],
 *  "sections": [{"title": …, "facts": [{"name": …, "state": "ok|absent|missing|plain|warns|blocks",
 *                                       "value": …, "neededFor": …}]}]}
 * </pre>
 *
 * <p>What is needed for something is, where the state is {@code warns} or {@code blocks}, the way
 * out.
 */
public final class ReportJson {
  private ReportJson() {}

  /** {@code report} as one JSON object, one fact a line. */
  public static String of(HostReport report) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("verdicts", report.verdicts().stream().map(ReportJson::verdict).toList());
    json.put("sections", report.sections().stream().map(ReportJson::section).toList());
    return Json.of(json);
  }

  private static Map<String, Object> verdict(Verdict verdict) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("ability", verdict.ability());
    json.put("possible", verdict.possible());
    json.put("reason", verdict.reason());
    return json;
  }

  private static Map<String, Object> section(Section section) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("title", section.title());
    List<Fact> facts = section.facts();
    json.put("facts", facts.stream().map(ReportJson::fact).toList());
    return json;
  }

  private static Map<String, Object> fact(Fact fact) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", fact.name());
    json.put("state", fact.state());
    json.put("value", fact.value());
    json.put("neededFor", fact.neededFor());
    return json;
  }
}
