package javelin.vmm.linux;

import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LinuxTest {
  private final FakeSyscalls fake = new FakeSyscalls();
  private final Linux linux = new Linux(fake);

  @AfterEach
  void unmap() {
    fake.close();
  }

  @Test
  void shouldNameCallSubjectAndErrorWhenACallFails() {
    assertThatThrownBy(() -> Linux.system().open("/nowhere/at/all", Linux.O_RDONLY))
        .isInstanceOf(ErrnoException.class)
        .hasMessage("open /nowhere/at/all: ENOENT (no such file or directory)")
        .matches(e -> ((ErrnoException) e).is(Errno.ENOENT));
    fake.failAlways("eventfd", Errno.EMFILE);
    assertThatThrownBy(linux::eventFd)
        .hasMessage("eventfd eventfd: EMFILE (too many open files in the process)");
  }

  @ParameterizedTest
  @EnumSource(Errno.class)
  void shouldDescribeEachError(Errno errno) {
    assertThat(Errno.describe(errno.number())).isEqualTo(errno.name() + " (" + errno.text() + ")");
    assertThat(errno.is(-errno.number())).isTrue();
    assertThat(errno.is(errno.number())).isFalse();
  }

  @Test
  void shouldDescribeAnErrorWithoutAName() {
    assertThat(Stream.of(0, 41, 200, -5).map(Errno::describe))
        .containsExactly("errno 0", "errno 41", "errno 200", "errno -5");
  }

  @Test
  void shouldOpenEverythingCloseOnExec() throws Exception {
    noLeaks(
        () -> {
          try (Fd file = Linux.system().open("/proc/self/status", Linux.O_RDONLY);
              Fd memfd = Linux.system().memfd("flags", 0);
              EventFd event = Linux.system().eventFd()) {
            for (Fd fd : new Fd[] {file, memfd, event.fd()}) {
              String info = Files.readString(Path.of("/proc/self/fdinfo/" + fd.number()));
              assertThat(Integer.parseInt(info.replaceAll("(?s).*flags:\\s+(\\d+).*", "$1"), 8))
                  .as(fd.toString())
                  .matches(flags -> (flags & Linux.O_CLOEXEC) != 0);
            }
          }
        });
  }

  @Test
  void shouldCloseADescriptorOnceAndRefuseItsUseAfterwards() {
    Fd fd = linux.memfd("once", 0);
    int number = fd.number();
    fd.close();
    // Takes the number that has just become free, as another thread might.
    assertThat(linux.memfd("other", 0).number()).isEqualTo(number);
    fd.close();
    assertThat(fake.calls("close")).hasSize(1);
    assertThat(fd.number()).isEqualTo(-1);
    assertThatThrownBy(() -> fd.ioctl("KVM_CHECK_EXTENSION", 0xae03, 0))
        .hasMessageContaining("EBADF");
    assertThat(fake.openFds()).containsExactly(number + " memfd:other");
  }

  @Test
  void shouldTakeAnInterruptedCloseAsClosed() {
    fake.fail("close", 1, Errno.EINTR).fail("close", 2, Errno.EIO);
    linux.memfd("interrupted", 0).close();
    Fd broken = linux.memfd("broken", 0);
    assertThatThrownBy(broken::close).hasMessage("close broken: EIO (input/output error)");
  }

  @Test
  void shouldLockAFileForOneDescriptorAtATime(@TempDir Path folder) throws Exception {
    noLeaks(() -> lockInTurn(Linux.system(), folder.resolve("lock").toString()));
    lockInTurn(linux, "/run/lock");
    fake.fail("flock", 1, Errno.EIO);
    try (Fd broken = linux.open("/run/lock", Linux.O_RDWR)) {
      assertThatThrownBy(() -> linux.tryLock(broken))
          .hasMessage("flock /run/lock: EIO (input/output error)");
    }
    fake.requireNothingOpen();
  }

  private static void lockInTurn(Linux linux, String path) {
    int flags = Linux.O_RDWR | Linux.O_CREAT;
    try (Fd second = linux.open(path, flags, 0x180)) {
      try (Fd first = linux.open(path, flags, 0x180)) {
        assertThat(linux.tryLock(first)).isTrue();
        assertThat(linux.tryLock(first)).as("again").isTrue();
        assertThat(linux.tryLock(second)).isFalse();
      }
      assertThat(linux.tryLock(second)).as("after the first has closed").isTrue();
    }
  }

  @Test
  void shouldUnmapOnce() {
    Mapping mapping = linux.map(null, 0, 4096, Linux.PROT_READ, Linux.MAP_PRIVATE);
    assertThat(mapping.length()).isEqualTo(4096);
    mapping.close();
    mapping.close();
    assertThat(fake.calls("munmap")).hasSize(1);
    fake.requireNothingOpen();
  }

  @Test
  void shouldRaiseTheSoftLimitToTheHardOne() {
    fake.limit(Linux.RLIMIT_NOFILE, 1024, 4096);
    assertThat(linux.softLimit(Linux.RLIMIT_NOFILE)).isEqualTo(1024);
    linux.raiseSoftLimit(Linux.RLIMIT_NOFILE);
    assertThat(linux.softLimit(Linux.RLIMIT_NOFILE)).isEqualTo(4096);
    assertThat(linux.hardLimit(Linux.RLIMIT_MEMLOCK)).isEqualTo(Linux.RLIM_INFINITY);
  }

  @Test
  void shouldGiveAlignedZeroedMemory() {
    for (int length : new int[] {1, 8, 63, 4096}) {
      var memory = NativeMemory.allocate(length);
      assertThat(memory.addressOffset() % 64).isZero();
      assertThat(memory.capacity()).isEqualTo(length);
      assertThat(memory.getByte(length - 1)).isZero();
    }
  }

  @Test
  void shouldCountTheProcessorTimeOfTheProcess() {
    long before = Linux.system().processCpuNanos();
    long end = System.nanoTime() + 20_000_000;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
    assertThat(Linux.system().processCpuNanos()).isGreaterThan(before);
  }
}
