package javelin.passthrough.binding;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javelin.passthrough.host.FakePciHost;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.verdict.Verdict;
import javelin.passthrough.host.verdict.Verdict.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class VerdictGuardTest {
  private static final HostAddress GPU = HostAddress.parse("0000:01:00.0");
  private static final HostAddress SOUND = HostAddress.parse("0000:01:00.1");

  private final Map<HostAddress, Verdict> verdicts = new HashMap<>();
  private final VerdictGuard guard = new VerdictGuard(verdicts::get);

  private void judge(Kind kind, HostAddress device, HostAddress... companions) {
    verdicts.put(device, new Verdict(kind, "the reason", List.of(companions)));
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"ASSIGNABLE", "NO_RESET"})
  void shouldLetADeviceBeTakenByItself(Kind kind) {
    judge(kind, GPU);
    assertThatCode(() -> guard.require(List.of(GPU), false)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({"NEVER, never assigned", "NO_IOMMU, in no IOMMU group"})
  void shouldRefuseWhatCannotBeAssignedAlsoWhenForced(Kind kind, String words) {
    judge(kind, GPU);
    for (boolean force : new boolean[] {false, true}) {
      assertThatThrownBy(() -> guard.require(List.of(GPU), force))
          .isInstanceOf(BindingException.class)
          .hasMessage("0000:01:00.0: " + words + ": the reason");
    }
  }

  @Test
  void shouldRefuseWhatIsInUseUnlessForced() {
    judge(Kind.IN_USE, GPU);
    assertThatThrownBy(() -> guard.require(List.of(GPU), false))
        .hasMessage("0000:01:00.0: the reason; --force takes it all the same");
    assertThatCode(() -> guard.require(List.of(GPU), true)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"WITH_GROUP", "NO_RESET", "IN_USE"})
  void shouldRefuseHalfAGroupAlsoWhenForced(Kind kind) {
    judge(kind, GPU, SOUND);
    judge(Kind.WITH_GROUP, SOUND, GPU);
    String reason =
        kind == Kind.WITH_GROUP
            ? "the reason"
            : "its IOMMU group also holds 0000:01:00.1; they go together: javelin pci take"
                + " 0000:01:00.0 0000:01:00.1";
    assertThatThrownBy(() -> guard.require(List.of(GPU), true))
        .hasMessage("0000:01:00.0: " + reason);
    assertThatCode(() -> guard.require(List.of(SOUND, GPU), true)).doesNotThrowAnyException();
  }

  @Test
  void shouldSayAllThatStandsAgainstASet() {
    judge(Kind.NEVER, GPU);
    judge(Kind.IN_USE, SOUND);
    assertThatThrownBy(() -> guard.require(List.of(GPU, SOUND), false))
        .hasMessage(
            "0000:01:00.0: never assigned: the reason\n"
                + "0000:01:00.1: the reason; --force takes it all the same");
  }

  @Test
  void shouldLookAtTheHostAnewEachTime(@TempDir Path root) {
    FakePciHost host = new FakePciHost(root);
    host.device("01:00.0").type(0x020000).driver("e1000e").group(3).reset("flr");
    host.port("00:1c.0").group(4);
    TakeGuard real = VerdictGuard.of(host.files(), Map.of());
    assertThatCode(() -> real.require(List.of(GPU), false)).doesNotThrowAnyException();
    host.device("01:00.1").type(0x040300).driver("snd_hda_intel").group(3).reset("flr");
    assertThatThrownBy(() -> real.require(List.of(GPU), false))
        .hasMessage(
            "0000:01:00.0: its IOMMU group 3 also holds 0000:01:00.1 (Audio device, driver"
                + " snd_hda_intel); they go together: javelin pci take 0000:01:00.0 0000:01:00.1");
    assertThatThrownBy(() -> real.require(List.of(HostAddress.parse("00:1c.0")), true))
        .hasMessageStartingWith("0000:00:1c.0: never assigned: a bridge");
  }
}
