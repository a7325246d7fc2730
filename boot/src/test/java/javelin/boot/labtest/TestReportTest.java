package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TestReportTest {
  private final TestReport report = new TestReport();

  @Test
  void shouldNotBeGoodWhenNoTestRan() throws Exception {
    report.read(stream("<testsuite/>"));
    assertThat(report.isGood()).isFalse();
    assertThat(print()).isEqualTo("0 passed, 0 failed, 0 skipped\n");
  }

  @Test
  void shouldCountEachKindAndGroupSkipsByReason() throws Exception {
    report.read(
        stream(
            "<testsuite><testcase classname='A' name='a'/>"
                + "<testcase classname='A' name='b'><skipped message='Assumption failed: no KVM'/>"
                + "</testcase></testsuite>"));
    report.read(
        stream(
            "<testsuite><testcase classname='B' name='c()'><skipped><![CDATA["
                + "org.opentest4j.TestAbortedException: \nassumption was not met due to: no KVM\n"
                + "\tat X]]></skipped>"
                + "</testcase></testsuite>"));
    assertThat(report.isGood()).isTrue();
    assertThat(print())
        .isEqualTo("skipped 2: no KVM\n    A.b\n    B.c\n1 passed, 0 failed, 2 skipped\n");
  }

  @Test
  void shouldShowAFailureAndNotBeGood() throws Exception {
    report.read(
        stream(
            "<testsuite><testcase classname='A' name='a'/><testcase classname='A' name='b'>"
                + "<failure message='m'>java.lang.AssertionError: two is not three</failure>"
                + "</testcase></testsuite>"));
    assertThat(report.isGood()).isFalse();
    assertThat(print()).contains("FAILED A.b\n    java.lang.AssertionError: two is not three");
  }

  @Test
  void shouldCallAReportThatWasCutOffAFailure(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("TEST-x.xml"), "<testsuite><testcase name='a'");
    report.readFolder(folder);
    assertThat(report.isGood()).isFalse();
  }

  private String print() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    report.print(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static ByteArrayInputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }
}
