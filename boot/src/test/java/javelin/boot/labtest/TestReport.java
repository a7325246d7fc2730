package javelin.boot.labtest;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

/**
 * What {@code javelin test} says at its end: failures, skipped tests by reason, and the counts. It
 * reads the XML reports of Surefire and of JUnit's console, which are alike.
 */
final class TestReport {
  /** The words of a failed assumption, without those that JUnit and AssertJ put before them. */
  private static final Pattern REASON =
      Pattern.compile(
          "^(?:\\S*TestAbortedException:\\s*)?"
              + "(?:Assumption failed: |assumption was not met due to: )?"
              + "(?:skipped: )?(.+)");

  private static final int FAILURE_LINES = 12;
  private static final int NAMES_PER_REASON = 3;

  private final List<String> failures = new ArrayList<>();
  private final Map<String, List<String>> skipped = new TreeMap<>();
  private int passed;

  /** Reports on the folders named; ends with 1 if a test failed or none ran. */
  public static void main(String[] folders) throws Exception {
    TestReport report = new TestReport();
    for (String folder : folders) {
      report.readFolder(Path.of(folder));
    }
    report.print(System.out);
    System.exit(report.isGood() ? 0 : 1);
  }

  /** Adds the reports of a folder, if it is there. */
  void readFolder(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "TEST-*.xml")) {
      for (Path file : files) {
        try (InputStream in = Files.newInputStream(file)) {
          read(in);
        } catch (SAXException e) {
          // A run that was cut off leaves a report that ends in the middle.
          failures.add(file + " is no whole report: " + e.getMessage());
        }
      }
    }
  }

  /** Adds one report. */
  void read(InputStream in) throws IOException, SAXException {
    NodeList cases;
    try {
      DocumentBuilder builder = DocumentBuilderFactory.newDefaultInstance().newDocumentBuilder();
      builder.setErrorHandler(new DefaultHandler()); // the other one prints
      cases = builder.parse(in).getElementsByTagName("testcase");
    } catch (ParserConfigurationException e) {
      throw new IllegalStateException("every JDK parses XML", e);
    }
    for (int i = 0; i < cases.getLength(); i++) {
      add((Element) cases.item(i));
    }
  }

  private void add(Element test) {
    String name =
        test.getAttribute("classname")
            + "."
            + test.getAttribute("name").replaceFirst("\\(\\)$", "");
    Element failure = child(test, "failure");
    Element error = child(test, "error");
    Element skip = child(test, "skipped");
    if (failure != null || error != null) {
      String text = (failure != null ? failure : error).getTextContent().strip();
      List<String> lines = text.lines().limit(FAILURE_LINES).toList();
      failures.add(name + "\n    " + String.join("\n    ", lines));
    } else if (skip != null) {
      skipped.computeIfAbsent(reason(skip), r -> new ArrayList<>()).add(name);
    } else {
      passed++;
    }
  }

  private static String reason(Element skip) {
    String text = skip.getAttribute("message");
    if (text.isEmpty()) {
      text = skip.getTextContent().strip();
    }
    Matcher words = REASON.matcher(text.strip());
    return words.find() ? words.group(1).strip() : "no reason given";
  }

  private static Element child(Element parent, String name) {
    for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
      if (node instanceof Element element && element.getTagName().equals(name)) {
        return element;
      }
    }
    return null;
  }

  /** Whether tests ran and none failed. */
  boolean isGood() {
    return failures.isEmpty() && passed > 0;
  }

  /** Prints everything; the counts are the last line. */
  void print(PrintStream out) {
    failures.forEach(failure -> out.println("FAILED " + failure));
    skipped.forEach(
        (reason, names) -> {
          out.println("skipped " + names.size() + ": " + reason);
          names.stream().limit(NAMES_PER_REASON).forEach(name -> out.println("    " + name));
          if (names.size() > NAMES_PER_REASON) {
            out.println("    and " + (names.size() - NAMES_PER_REASON) + " more");
          }
        });
    int skips = skipped.values().stream().mapToInt(List::size).sum();
    out.println(passed + " passed, " + failures.size() + " failed, " + skips + " skipped");
  }
}
