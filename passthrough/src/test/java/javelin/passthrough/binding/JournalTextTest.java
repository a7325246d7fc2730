package javelin.passthrough.binding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.SplittableRandom;
import javelin.passthrough.binding.Journal.State;
import javelin.passthrough.host.HostAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class JournalTextTest {
  private static Journal journal(State state, String driver, List<String> netdevs) {
    SavedDevice saved =
        new SavedDevice(
            HostAddress.parse("10000:03:00.1"), driver, "", netdevs, 7, "flr bus", "auto");
    return new Journal(state, saved, "5a1e-11", new Owner(4711, 123_456_789_012L));
  }

  @Test
  void shouldWriteOneMemberToALine() {
    assertThat(JournalText.of(journal(State.HELD, "e1000e", List.of("eth0", "eth1"))))
        .isEqualTo(
            """
            {
              "device": "10000:03:00.1",
              "state": "HELD",
              "driver": "e1000e",
              "driver_override": "",
              "netdevs": ["eth0", "eth1"],
              "sriov_numvfs": 7,
              "reset_method": "flr bus",
              "power_control": "auto",
              "boot_id": "5a1e-11",
              "owner_pid": 4711,
              "owner_start_time": 123456789012
            }
            """);
  }

  @ParameterizedTest
  @EnumSource(State.class)
  void shouldReadWhatItWrites(State state) {
    for (List<String> netdevs : List.of(List.<String>of(), List.of("a\"b\\c/\n\u0001é{}[],:"))) {
      Journal journal = journal(state, "$1\\1", netdevs);
      assertThat(JournalText.parse(JournalText.of(journal))).isEqualTo(journal);
    }
  }

  @Test
  void shouldRefuseEveryTextThatIsCutOff() {
    String text = JournalText.of(journal(State.TAKEN, "nvme", List.of("eth0"))).stripTrailing();
    for (int length = 0; length < text.length(); length++) {
      String cut = text.substring(0, length);
      assertThatThrownBy(() -> JournalText.parse(cut)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void shouldNeverFailOtherwiseThanWithAReasonWhenBytesAreWrong() {
    String text = JournalText.of(journal(State.TAKING, "nvme", List.of("eth0")));
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 20_000; i++) {
      StringBuilder wrong = new StringBuilder(text);
      wrong.setCharAt(random.nextInt(text.length()), (char) random.nextInt(128));
      try {
        assertThat(JournalText.parse(wrong.toString())).isNotNull();
      } catch (IllegalArgumentException e) {
        assertThat(e).message().isNotEmpty();
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"driver\": \"nvme\" | \"river\": \"nvme\" | driver is missing",
        "\"driver\": \"nvme\" | \"driver\": 5 | driver has the wrong type",
        "\"sriov_numvfs\": 7 | \"sriov_numvfs\": [] | sriov_numvfs has the wrong type",
        "4711 | 99999999999999999999 | expected ,} at character",
        "[\"eth0\"] | [5] | netdevs has the wrong type",
        "{ | [ | expected { at character 1",
      })
  void shouldSayWhatIsWrong(String right, String wrong, String reason) {
    String text = JournalText.of(journal(State.TAKEN, "nvme", List.of("eth0")));
    assertThat(text).contains(right);
    assertThatThrownBy(() -> JournalText.parse(text.replace(right, wrong)))
        .hasMessageContaining(reason);
    assertThatThrownBy(() -> JournalText.parse(text + "x")).hasMessageContaining("the end");
  }
}
