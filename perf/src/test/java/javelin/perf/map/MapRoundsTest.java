package javelin.perf.map;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javelin.passthrough.vfio.DmaMapper;
import javelin.perf.bench.BenchRun;
import javelin.perf.bench.Progress;
import javelin.perf.result.Outcome;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.Test;

class MapRoundsTest {
  private static final long BYTES = 4 << 20;

  private final Outcome outcome = new Outcome("map", List.of(), Instant.EPOCH);
  private final BenchRun run =
      new BenchRun(
          outcome, new Progress(new PrintWriter(new StringWriter()), false, System::nanoTime));

  /** Counts what is mapped; refuses to unmap anything else. */
  private static final class CountingMapper implements DmaMapper {
    private long maps;
    private long mapped;

    @Override
    public void map(long iova, long length, long hostAddress) {
      maps++;
      mapped += length;
    }

    @Override
    public void unmap(long iova, long length) {
      mapped -= length;
    }
  }

  private void measure(int rounds, Optional<DmaMapper> mapper) {
    new MapRounds(Linux.system(), BYTES, List.of(1, 2), mapper, run).measure(rounds);
  }

  @Test
  void shouldHaveASampleOfEachRoundByPagesAndThreads() {
    measure(3, Optional.empty());

    assertThat(outcome.cases())
        .contains(
            "make present, 4K pages, per GiB", "make present, transparent huge pages, per GiB");
    assertThat(outcome.series()).allSatisfy(series -> assertThat(series.n()).isEqualTo(3));
    assertThat(outcome.of("make present, 4K pages, per GiB"))
        .extracting(series -> series.side())
        .containsExactly("1 thread", "2 threads");
    assertThat(outcome.gaps()).anyMatch(gap -> gap.what().equals("1G pages"));
  }

  @Test
  void shouldMapAndUnmapWhatIsPresent() {
    CountingMapper mapper = new CountingMapper();
    measure(2, Optional.of(mapper));

    assertThat(mapper.mapped).isZero();
    assertThat(outcome.find("pin and map for DMA, 4K pages, per GiB", "1 thread"))
        .hasValueSatisfying(series -> assertThat(series.n()).isEqualTo(2));
    assertThat(outcome.find("unmap, 4K pages, per GiB", "1 thread")).isPresent();
    assertThat(mapper.maps).isGreaterThanOrEqualTo(4);
  }

  @Test
  void shouldEndBetweenRoundsWhenTheUserWantsIt() {
    run.stop();
    measure(3, Optional.empty());

    assertThat(outcome.series()).isEmpty();
  }
}
