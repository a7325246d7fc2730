package javelin.vmm.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FeatureSwitchTest {
  @Test
  void shouldReadAListInOrder() {
    assertThat(FeatureSwitch.parse("-cx16, -xsave,+svm"))
        .containsExactly(
            new FeatureSwitch(CpuidFeature.CX16, false),
            new FeatureSwitch(CpuidFeature.XSAVE, false),
            new FeatureSwitch(CpuidFeature.SVM, true))
        .hasToString("[-cx16, -xsave, +svm]");
  }

  @ParameterizedTest
  @CsvSource({
    "tsc-deadline, TSC_DEADLINE",
    "tsc_deadline_timer, TSC_DEADLINE",
    "SSE4.1, SSE4_1",
    "sse4_1, SSE4_1",
    "sse3, PNI",
    "lahf_lm, LAHF_LM",
    "lzcnt, ABM",
    "AVX512_VBMI2, AVX512VBMI2",
  })
  void shouldKnowOtherSpellings(String name, CpuidFeature feature) {
    assertThat(FeatureSwitch.of(name, true).feature()).isEqualTo(feature);
  }

  @ParameterizedTest
  @EnumSource(CpuidFeature.class)
  void shouldFindEachFeatureByItsLabelOnly(CpuidFeature feature) {
    assertThat(CpuidFeature.named(feature.label())).contains(feature);
    assertThat(feature).hasToString(feature.label());
  }

  @Test
  void shouldPlaceNoTwoFeaturesOnOneBit() {
    CpuidTable table = TestCpuid.amd();
    table.put(new CpuidEntry(6, 0, 0, 0, 0, 0, 0));
    table.put(new CpuidEntry(7, 1, 1, 0, 0, 0, 0));
    table.put(new CpuidEntry(0x8000_0007, 0, 0, 0, 0, 0, 0));
    for (CpuidFeature feature : CpuidFeature.values()) {
      feature.set(table, false);
    }
    assertThat(Arrays.stream(CpuidFeature.values())).noneMatch(each -> each.isIn(table));
    for (CpuidFeature feature : CpuidFeature.values()) {
      feature.set(table, true);
      assertThat(Arrays.stream(CpuidFeature.values()).filter(each -> each.isIn(table)))
          .containsExactly(feature);
      feature.set(table, false);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          xsav       | no CPU feature is called "xsav"; near it: xsave, xsavec, xsaves, xsaveopt, xsaveerptr
          cx61       | no CPU feature is called "cx61"; near it: cx16
          avx512x    | no CPU feature is called "avx512x"; near it: avx512f, avx512dq, avx512pf, avx512er, avx512cd
          somersault | no CPU feature is called "somersault"
          """)
  void shouldNameNearNamesWhenThereIsNoSuchFeature(String name, String message) {
    assertThatThrownBy(() -> FeatureSwitch.of(name, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cx16", "", "-", "-cx16,,+svm", "=cx16"})
  void shouldRefuseWhatIsNoSwitch(String text) {
    assertThatThrownBy(() -> FeatureSwitch.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is no switch like -cx16 (off) or +svm (on)");
  }
}
