package javelin.perf.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import javelin.perf.virtio.FioReport.JobDone;
import org.junit.jupiter.api.Test;

class FioReportTest {
  private static final List<FioJob> JOBS =
      FioJob.ALL.stream().filter(job -> job.name().startsWith("rand")).toList();

  private static final String REPORT =
      """
      randread-1 : Saving output of prerun in randread-1.prerun.txt
      {
        "fio version" : "fio-3.33",
        "jobs" : [
          { "jobname" : "warm-up", "error" : 0 },
          {
            "jobname" : "randread-1",
            "error" : %d,
            "read" : {
              "io_bytes" : 12288, "runtime" : 1000, "total_ios" : 3, "iops" : 3.000000,
              "lat_ns" : { "min" : 900, "bins" : { "1000" : 2, "2000" : 1 } }
            },
            "write" : { "io_bytes" : 0, "runtime" : 0, "total_ios" : 0, "lat_ns" : {} }
          },
          {
            "jobname" : "randwrite-32",
            "error" : 0,
            "read" : { "io_bytes" : 0, "runtime" : 0, "total_ios" : 0, "lat_ns" : {} },
            "write" : {
              "io_bytes" : 8192, "runtime" : 500, "total_ios" : 2,
              "lat_ns" : { "bins" : { "5000" : 2 } }
            }
          }
        ]
      }
      """;

  @Test
  void shouldReadEveryOperationWhenTheReportHasBins() {
    List<JobDone> done = FioReport.parse(REPORT.formatted(0), JOBS);

    assertThat(done).extracting(d -> d.job().name()).containsExactly("randread-1", "randwrite-32");
    assertThat(done.get(0).done().operations()).isEqualTo(3);
    assertThat(done.get(0).done().bytes()).isEqualTo(12288);
    assertThat(done.get(0).done().nanos()).isEqualTo(1_000_000_000L);
    assertThat(done.get(0).done().times().getTotalCount()).isEqualTo(3);
    assertThat(done.get(0).done().times().getValueAtPercentile(50)).isEqualTo(1000);
    assertThat(done.get(1).done().times().getMaxValue()).isBetween(5000L, 5010L);
  }

  @Test
  void shouldRefuseAJobThatFailed() {
    assertThatThrownBy(() -> FioReport.parse(REPORT.formatted(5), JOBS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("fio: randread-1 ended with error 5");
  }

  @Test
  void shouldRefuseWhatIsNoReport() {
    assertThatThrownBy(() -> FioReport.parse("{ \"jobs\" : 3 }", JOBS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("json+");
  }
}
