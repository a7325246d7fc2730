package javelin.perf.exits;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExitReportTest {
  private static Samples hundred(int step, long allocated) {
    long[] nanos = new long[100];
    for (int i = 0; i < nanos.length; i++) {
      nanos[i] = (long) (i + 1) * step;
    }
    return new Samples(nanos, allocated);
  }

  private static Map<ExitLoop, Map<Side, ExitTimes>> times(Side... sides) {
    Map<Side, ExitTimes> bySide = new EnumMap<>(Side.class);
    for (Side side : sides) {
      ExitTimes times = new ExitTimes();
      times.add(hundred(side == Side.C ? 10 : 15, side == Side.C ? 0 : 50));
      bySide.put(side, times);
    }
    Map<ExitLoop, Map<Side, ExitTimes>> all = new EnumMap<>(ExitLoop.class);
    all.put(ExitLoop.PORT, bySide);
    return all;
  }

  @Test
  void shouldPutTheRatioUnderBothSidesWhenCIsThere() {
    var lines = new ExitReport(times(Side.C, Side.JAVELIN)).table();

    assertThat(lines).hasSize(4);
    assertThat(lines.get(1)).matches("port write  C +10 +500 +900 +990 +1000");
    assertThat(lines.get(2)).matches("port write  Javelin +15 +750 +1350 +1485 +1500 +0.5000");
    assertThat(lines.get(3)).matches(" +ratio( +1.500){5} .*p50 1.500 to 1.500");
  }

  @Test
  void shouldReportJavelinAloneWhenCIsMissing() {
    var lines = new ExitReport(times(Side.JAVELIN)).table();

    assertThat(lines).hasSize(2);
    assertThat(lines.get(1)).startsWith("port write  Javelin");
  }

  @Test
  void shouldWriteTheSameFiguresAsJson() {
    assertThat(new ExitReport(times(Side.C, Side.JAVELIN)).json())
        .contains("\"exit\": \"port write\", \"side\": \"C\", \"count\": 100, \"min_ns\": 10")
        .contains("\"p99_ns\": 1485")
        .contains("\"round_p50_ns\": [750], \"heap_bytes_per_exit\": 0.5");
  }
}
