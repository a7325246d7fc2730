package javelin.passthrough.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonReaderTest {
  @Test
  void shouldReadAllKindsOfValues() {
    assertThat(
            JsonReader.object(
                " {\"a\": {\"n\": -12, \"d\": 2.5e2, \"t\": true, \"z\": null},"
                    + " \"l\": [1, [], {}, \"x\\\"\\u0041\\n\"]} "))
        .isEqualTo(Map.of("a", nested(), "l", List.of(1L, List.of(), Map.of(), "x\"A\n")));
    assertThat(JsonReader.object("{}")).isEmpty();
  }

  private static Map<String, Object> nested() {
    Map<String, Object> members = new HashMap<>();
    members.put("n", -12L);
    members.put("d", 250.0);
    members.put("t", true);
    members.put("z", null);
    return members;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{\"a\"}",
        "{\"a\":1,}",
        "{\"a\":[1,]}",
        "{\"a\":1}x",
        "{a:1}",
        "{\"a\":tru}",
        "{\"a\":\"",
        "{\"a\":1 2}",
        "\u0000",
        "{\"a\":]}"
      })
  void shouldSayWhereTextIsNoObject(String text) {
    assertThatThrownBy(() -> JsonReader.object(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected ");
  }

  @Test
  void shouldRefuseWhatIsTooDeepOrLong() {
    char[] deep = new char[100_000];
    Arrays.fill(deep, '[');
    assertThatThrownBy(() -> JsonReader.object("{\"a\":" + new String(deep)))
        .hasMessageContaining("levels");
    assertThatThrownBy(() -> JsonReader.object("{\"a\":1" + "0".repeat(30) + "}"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
