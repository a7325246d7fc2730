package javelin.boot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import javelin.devices.console.InputFilter;
import org.junit.jupiter.api.Test;

class ConsoleKeysTest {
  private final List<String> actions = new ArrayList<>();
  private final ConsoleKeys keys =
      new ConsoleKeys(
          new ConsoleKeys.Actions() {
            @Override
            public void end() {
              actions.add("end");
            }

            @Override
            public void showStatistics() {
              actions.add("statistics");
            }

            @Override
            public void showHelp() {
              actions.add("help");
            }
          });

  /** What the guest sees of {@code typed}. */
  private String type(String typed) {
    StringBuilder seen = new StringBuilder();
    for (int i = 0; i < typed.length(); i++) {
      int value = keys.filter(typed.charAt(i));
      if (value != InputFilter.SWALLOW) {
        seen.append((char) value);
      }
    }
    return seen.toString();
  }

  @Test
  void shouldPassAllKeysOnWhenNoneIsCtrlA() {
    assertThat(type("ls -l\r\003\004\u00ff")).isEqualTo("ls -l\r\003\004\u00ff");
    assertThat(actions).isEmpty();
  }

  @Test
  void shouldEndWhenXFollowsCtrlA() {
    assertThat(type("a\001xb")).isEqualTo("ab");
    assertThat(actions).containsExactly("end");
  }

  @Test
  void shouldShowStatisticsWhenCFollowsCtrlA() {
    assertThat(type("\001c\001C")).isEmpty();
    assertThat(actions).containsExactly("statistics", "statistics");
  }

  @Test
  void shouldSendOneCtrlAWhenItIsTypedTwice() {
    assertThat(type("\001\001x")).isEqualTo("\001x");
    assertThat(actions).isEmpty();
  }

  @Test
  void shouldShowHelpWhenKeyAfterCtrlAIsHOrNone() {
    assertThat(type("\001h\001?")).isEmpty();
    assertThat(actions).containsExactly("help", "help");
  }
}
