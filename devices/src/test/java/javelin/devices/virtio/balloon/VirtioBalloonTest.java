package javelin.devices.virtio.balloon;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.devices.virtio.bench.VirtioBench;
import javelin.vmm.irq.Msi;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@OnBothLayouts
class VirtioBalloonTest {
  private static final long LIST = 0x8_0000;
  private static final int WANTED = 300;
  private static final int PAGES = VirtioBench.RAM >> 12;

  /** Guest-physical bytes. */
  private record Range(long start, long length) {}

  private VirtioBalloon balloon;
  private final VirtioBench bench =
      new VirtioBench(
          machine -> {
            balloon = new VirtioBalloon(machine.memory, machine.syscalls, WANTED);
            return balloon;
          });
  private final ModelDriver driver = bench.driver();
  private final ModelRing[] rings = new ModelRing[5];

  /** The advice for guest RAM itself comes before that of the balloon. */
  private int adviceBefore;

  private void start() {
    start(VirtioBalloon.PAGE_REPORTING | VirtioBalloon.DEFLATE_ON_OOM);
  }

  private void start(long features) {
    assertThat(driver.negotiate(ModelDriver.VERSION_1 | features)).isTrue();
    driver.useMessages();
    long base = 0x1_0000;
    for (int i = 0; i < rings.length; i++) {
      rings[i] = ModelRing.of(bench.memory, base, 64);
      driver.queue(i, rings[i]);
      base = rings[i].end();
    }
    driver.ready();
    adviceBefore = bench.syscalls.calls("madvise").size();
  }

  @AfterEach
  void close() {
    bench.close();
  }

  /** Sends a list of page numbers to queue {@code queue}. */
  private void send(int queue, long... numbers) {
    for (int i = 0; i < numbers.length; i++) {
      bench.memory.writeU32(LIST + 4L * i, numbers[i]);
    }
    rings[queue].send(1, LIST, 4L * numbers.length);
    driver.notify(queue);
  }

  /** What the balloon has given back. */
  private List<Range> givenBack() {
    List<Range> ranges = new ArrayList<>();
    List<String> calls = bench.syscalls.calls("madvise");
    for (String call : calls.subList(adviceBefore, calls.size())) {
      String[] arguments = call.substring("madvise(".length(), call.length() - 1).split(", ", -1);
      assertThat(arguments[2]).isEqualTo(Integer.toString(Linux.MADV_REMOVE));
      long start = Long.parseLong(arguments[0]) - bench.memory.hostAddress(0, 1);
      ranges.add(new Range(start, Long.parseLong(arguments[1])));
    }
    return ranges;
  }

  @Test
  void shouldAskForPagesAndTakeNoteOfHowManyThereAre() {
    start();
    assertThat(driver.offered() & 0xffff_ffL).isEqualTo(1 << 1 | 1 << 2 | 1 << 5);
    assertThat(driver.read(ModelDriver.DEVICE, 0, 4)).isEqualTo(WANTED);
    assertThat(driver.read(ModelDriver.DEVICE, 4, 4)).isZero();
    driver.write(ModelDriver.DEVICE, 4, 4, 17);
    driver.write(ModelDriver.DEVICE, 0, 4, 1);
    assertThat(driver.read(ModelDriver.DEVICE, 0, 8)).isEqualTo(17L << 32 | WANTED);
    assertThat(driver.read(ModelDriver.DEVICE, 5, 1)).isZero();
    driver.status(0);
    assertThat(driver.read(ModelDriver.DEVICE, 4, 4)).isZero();
  }

  @Test
  void shouldAskForAnotherSizeWhileTheGuestRuns() {
    start();
    bench.kvm.deliver();
    balloon.resize(500);
    assertThat(driver.read(ModelDriver.DEVICE, 0, 4)).isEqualTo(500);
    assertThat(bench.kvm.deliver())
        .as("the configuration has changed")
        .containsExactly(new Msi(0xfee0_0000L, 5));
    driver.write(ModelDriver.DEVICE, 4, 4, 450);
    assertThat(balloon.wanted()).isEqualTo(500);
    assertThat(balloon.actual()).isEqualTo(450);
    driver.status(0);
    start();
    assertThat(driver.read(ModelDriver.DEVICE, 0, 4)).as("after a reset").isEqualTo(500);
  }

  /** A driver's figures, tag and value in turn. */
  private void tell(long... figures) {
    for (int i = 0; i < figures.length; i += 2) {
      bench.memory.writeU16(LIST + 5L * i, (int) figures[i]);
      bench.memory.writeU64(LIST + 5L * i + 2, figures[i + 1]);
    }
    rings[2].send(1, LIST, 5L * figures.length);
    driver.notify(2);
  }

  @Test
  void shouldTakeTheGuestsFiguresAndAskForNewOnes() throws Exception {
    assertThat(balloon.statistics()).isNull();
    start(VirtioBalloon.STATISTICS | VirtioBalloon.PAGE_REPORTING);
    assertThat(balloon.newStatistics(1)).isNull();
    tell(4, 1000, 0xffff, 7, 5, 5000, 8, 1, 4, 2000);
    GuestStatistics first = balloon.statistics();
    assertThat(first.get(GuestStatistics.TOTAL)).isEqualTo(5000);
    assertThat(first.get(GuestStatistics.FREE)).as("the last one counts").isEqualTo(2000);
    assertThat(first.get(GuestStatistics.CACHES)).isEqualTo(GuestStatistics.UNKNOWN);
    assertThat(rings[2].usedIndex()).as("held").isZero();
    assertThat(balloon.newStatistics(20)).as("the old ones").isSameAs(first);
    bench.settle();
    assertThat(rings[2].usedIndex()).as("newer ones are wanted").isEqualTo(1);
    tell(5, 6000);
    assertThat(balloon.statistics().get(GuestStatistics.TOTAL)).isEqualTo(6000);
    driver.status(0);
    assertThat(balloon.statistics()).as("of a guest that is gone").isNull();
  }

  @Test
  void shouldNeedAResetWhenFiguresAreNone() {
    start(VirtioBalloon.STATISTICS);
    rings[2].send(1, LIST, 7);
    driver.notify(2);
    assertThat(balloon.statistics().get(GuestStatistics.FREE)).isEqualTo(GuestStatistics.UNKNOWN);
    driver.status(0);
    start(VirtioBalloon.STATISTICS);
    rings[2].send(0, LIST, 10);
    driver.notify(2);
    assertThat(driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
  }

  @Test
  void shouldGiveBackNeighboursTogetherWhicheverWayTheyCome() {
    start();
    send(0, 0x300, 0x301, 0x302, 0x200, 0x1ff, 0x1fe, 0x3ff, 0x3ff);
    assertThat(givenBack())
        .containsExactly(
            new Range(0x300000, 0x3000),
            new Range(0x1fe000, 0x3000),
            new Range(0x3ff000, 0x1000),
            new Range(0x3ff000, 0x1000));
    assertThat(rings[0].usedIndex()).isEqualTo(1);
    assertThat(rings[0].usedWritten(0)).isZero();
    assertThat(bench.kvm.deliver()).containsExactly(new Msi(0xfee0_0000L, 0));
  }

  @Test
  void shouldTouchNothingWhenPagesComeOutOfTheBalloon() {
    start();
    send(1, 0x300, 0x301);
    assertThat(givenBack()).isEmpty();
    assertThat(rings[1].usedIndex()).isEqualTo(1);
  }

  @Test
  void shouldGiveBackWholePagesOfReportsOnAnyQueueThatDriversTakeForIt() {
    start();
    for (int queue = 2; queue <= 4; queue++) {
      rings[queue].send(0, 0x20_0000, 0x10_0000, 0x18_0800, 0x2000, 0x10_0001, 0xfff);
      driver.notify(queue);
      assertThat(rings[queue].usedIndex()).as("queue %d", queue).isEqualTo(1);
    }
    assertThat(givenBack().subList(0, 2))
        .containsExactly(new Range(0x200000, 0x100000), new Range(0x181000, 0x1000));
    assertThat(givenBack()).hasSize(6);
  }

  @Test
  void shouldReportAndGoOnWhenTheHostDoesNotTakePages() {
    start();
    bench.syscalls.fail("madvise", 1, Errno.EINTR).fail("madvise", 2, Errno.EINVAL);
    send(0, 0x300, 0x301);
    assertThat(rings[0].usedIndex()).isEqualTo(1);
    assertThat(bench.problems)
        .singleElement()
        .asString()
        .contains("2 pages are not given back to the host: madvise: EINVAL");
    send(0, 0x300);
    assertThat(givenBack()).hasSize(3);
  }

  @Test
  void shouldNeedAResetWhenAPageIsNotInRamAndForgetThoseBeforeIt() {
    for (long wrong : new long[] {PAGES, 0xffff_ffffL, 0x8_0000}) {
      start();
      send(0, 0x300, wrong);
      assertThat(driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
      assertThat(bench.problems.toString()).contains("page " + wrong + " is not in RAM");
      driver.status(0);
      start();
      send(0, 0x200);
      assertThat(givenBack()).containsExactly(new Range(0x200000, 0x1000));
      driver.status(0);
    }
    start();
    send(1, PAGES);
    assertThat(driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
  }

  @Test
  void shouldNeedAResetWhenARequestIsNone() {
    start();
    rings[0].send(1, LIST, 6);
    driver.notify(0);
    assertThat(driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
    driver.status(0);
    start();
    rings[0].send(1, LIST, 4L * PageNumbers.MOST_PAGES + 4);
    driver.notify(0);
    assertThat(driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
    driver.status(0);
    start();
    rings[4].send(1, 0x20_0000, 0x1000, 0x20_1000, 0x1000);
    driver.notify(4);
    assertThat(driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
    assertThat(givenBack()).isEmpty();
  }

  @Test
  void shouldStayInRamWhenTheDriverSendsAnything() {
    long seed = System.nanoTime();
    System.out.println("seed of the hostile balloon: " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    int served = 0;
    for (int round = 0; round < 300; round++) {
      start();
      for (int i = 0; i < 8; i++) {
        int queue = random.nextInt(5);
        for (int at = 0; at < 64; at++) {
          long number = random.nextInt(60) == 0 ? random.nextInt() : random.nextInt(PAGES);
          bench.memory.writeU32(LIST + 4L * at, number);
        }
        long address = queue < 2 ? LIST : random.nextLong(VirtioBench.RAM + 0x1000L);
        long length = queue < 2 ? 4L * random.nextInt(64) : random.nextInt(1 << 18);
        rings[queue].send(random.nextInt(8) == 0 ? 1 : queue < 2 ? 1 : 0, address, length);
        driver.notify(queue);
        served += rings[queue].usedIndex() > 0 ? 1 : 0;
      }
      for (Range range : givenBack()) {
        assertThat(range.start() % 4096 + range.length() % 4096).as("seed %d", seed).isZero();
        assertThat(bench.memory.contains(range.start(), range.length()))
            .as("seed %d", seed)
            .isTrue();
      }
      driver.status(0);
    }
    assertThat(served).as("seed %d", seed).isGreaterThan(300);
    assertThat(bench.problems).noneMatch(line -> line.contains("Javelin itself"));
  }
}
