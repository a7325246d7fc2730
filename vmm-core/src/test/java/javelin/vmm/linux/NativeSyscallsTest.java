package javelin.vmm.linux;

import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every call of the seam, once for real. */
class NativeSyscallsTest {
  private static final int FIONREAD = 0x541b;
  private static final int CLOCK_MONOTONIC = 1;
  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int BAD_FD = -1;

  private final NativeSyscalls calls = NativeSyscalls.INSTANCE;
  private final UnsafeBuffer memory = NativeMemory.allocate(256);
  private final long address = memory.addressOffset();

  @TempDir Path folder;

  @Test
  void shouldOpenReadWriteAndUnlinkAFile() throws Exception {
    noLeaks(
        () -> {
          String path = folder.resolve("file").toString();
          int flags = Linux.O_RDWR | Linux.O_CREAT | Linux.O_CLOEXEC;
          int fd = calls.open(path, flags, 0x180);
          memory.putStringWithoutLengthAscii(0, "abcdef");
          assertThat(calls.write(fd, address, 6)).isEqualTo(6);
          assertThat(calls.pwrite(fd, address, 2, 10)).isEqualTo(2);
          assertThat(calls.pread(fd, address + 64, 4, 8)).isEqualTo(4);
          assertThat(memory.getInt(64)).isEqualTo('a' << 16 | 'b' << 24);
          assertThat(calls.ftruncate(fd, 3)).isZero();
          assertThat(calls.pread(fd, address + 64, 100, 0)).isEqualTo(3);
          assertThat(calls.read(fd, address + 64, 100)).as("at offset 6 of 3").isZero();
          assertThat(Files.readString(Path.of(path))).isEqualTo("abc");
          assertThat(calls.close(fd)).isZero();
          assertThat(calls.unlink(path)).isZero();
          assertThat(Path.of(path)).doesNotExist();
        });
  }

  @Test
  void shouldGatherAndScatterAndPunchHoles() throws Exception {
    noLeaks(
        () -> {
          String path = folder.resolve("vectors").toString();
          int fd = calls.open(path, Linux.O_RDWR | Linux.O_CREAT | Linux.O_CLOEXEC, 0x180);
          memory.putStringWithoutLengthAscii(0, "abcdef");
          iovec(64, address + 4, 2);
          iovec(80, address, 3);
          assertThat(calls.pwritev(fd, address + 64, 2, 4096)).isEqualTo(5);
          assertThat(calls.fdatasync(fd)).isZero();
          assertThat(calls.lseek(fd, 0, 2)).isEqualTo(4101);
          iovec(64, address + 128, 1);
          iovec(80, address + 136, 8);
          assertThat(calls.preadv(fd, address + 64, 2, 4097)).isEqualTo(4);
          assertThat(memory.getByte(128)).isEqualTo((byte) 'f');
          assertThat(memory.getStringWithoutLengthAscii(136, 3)).isEqualTo("abc");
          int hole = Linux.FALLOC_FL_PUNCH_HOLE | Linux.FALLOC_FL_KEEP_SIZE;
          assertThat(calls.fallocate(fd, hole, 4096, 3)).isZero();
          assertThat(calls.pread(fd, address, 8, 4096)).isEqualTo(5);
          assertThat(memory.getStringWithoutLengthAscii(0, 5)).isEqualTo("\0\0\0bc");
          assertThat(calls.close(fd)).isZero();
        });
  }

  @Test
  void shouldGatherAndScatterOnAPairOfSockets() throws Exception {
    noLeaks(
        () -> {
          UnsafeBuffer name = NativeMemory.allocate(110);
          name.putShort(0, (short) AF_UNIX);
          name.putStringWithoutLengthAscii(2, folder.resolve("s").toString());
          int listener = calls.socket(AF_UNIX, SOCK_STREAM | Linux.O_CLOEXEC, 0);
          assertThat(calls.bind(listener, name.addressOffset(), 110)).isZero();
          assertThat(calls.listen(listener, 1)).isZero();
          int near = calls.socket(AF_UNIX, SOCK_STREAM | Linux.O_CLOEXEC, 0);
          assertThat(calls.connect(near, name.addressOffset(), 110)).isZero();
          int far = calls.accept(listener, Linux.O_CLOEXEC | Linux.O_NONBLOCK);
          memory.putStringWithoutLengthAscii(0, "abcdef");
          iovec(64, address + 4, 2);
          iovec(80, address, 3);
          assertThat(calls.writev(near, address + 64, 2)).isEqualTo(5);
          iovec(64, address + 128, 1);
          iovec(80, address + 136, 8);
          assertThat(calls.readv(far, address + 64, 2)).isEqualTo(5);
          assertThat(memory.getByte(128)).isEqualTo((byte) 'e');
          assertThat(memory.getStringWithoutLengthAscii(136, 4)).isEqualTo("fabc");
          assertThat(calls.readv(far, address + 64, 2)).isEqualTo(-Errno.EAGAIN.number());
          for (int fd : new int[] {near, far, listener}) {
            assertThat(calls.close(fd)).isZero();
          }
        });
  }

  private void iovec(int offset, long base, long length) {
    memory.putLong(offset, base);
    memory.putLong(offset + 8, length);
  }

  @Test
  void shouldGiveRandomBytes() {
    assertThat(calls.getrandom(address, 32, 0)).isEqualTo(32);
    long first = memory.getLong(0);
    assertThat(calls.getrandom(address, 32, 0)).isEqualTo(32);
    assertThat(memory.getLong(0)).isNotEqualTo(first);
  }

  @Test
  void shouldReturnTheErrorNumberOfEachPlane() {
    assertThat(calls.open("/nowhere/at/all", Linux.O_RDONLY, 0)).matches(Errno.ENOENT::is);
    assertThat(calls.open("/", Linux.O_RDWR, 0)).matches(Errno.EISDIR::is);
    assertThat(calls.close(BAD_FD)).matches(Errno.EBADF::is);
    assertThat(calls.read(BAD_FD, address, 1)).matches(Errno.EBADF::is);
    assertThat(calls.write(BAD_FD, address, 1)).matches(Errno.EBADF::is);
    assertThat(calls.pread(BAD_FD, address, 1, 0)).matches(Errno.EBADF::is);
    assertThat(calls.pwrite(BAD_FD, address, 1, 0)).matches(Errno.EBADF::is);
    assertThat(calls.ioctl(BAD_FD, FIONREAD, address)).matches(Errno.EBADF::is);
    assertThat(calls.preadv(BAD_FD, address, 1, 0)).matches(Errno.EBADF::is);
    assertThat(calls.pwritev(BAD_FD, address, 1, 0)).matches(Errno.EBADF::is);
    assertThat(calls.fdatasync(BAD_FD)).matches(Errno.EBADF::is);
    assertThat(calls.fallocate(BAD_FD, 0, 0, 1)).matches(Errno.EBADF::is);
    assertThat(calls.lseek(BAD_FD, 0, 0)).matches(Errno.EBADF::is);
    assertThat(calls.getrandom(address, 1, 1 << 16)).matches(Errno.EINVAL::is);
    assertThat(calls.ftruncate(BAD_FD, 0)).matches(Errno.EBADF::is);
    assertThat(calls.unlink("/nowhere/at/all")).matches(Errno.ENOENT::is);
    assertThat(calls.flock(BAD_FD, Linux.LOCK_EX)).matches(Errno.EBADF::is);
    assertThat(calls.munmap(1, 4096)).matches(Errno.EINVAL::is);
    assertThat(calls.madvise(1, 4096, Linux.MADV_HUGEPAGE)).matches(Errno.EINVAL::is);
    assertThat(calls.mlock(4096, 4096)).matches(Errno.ENOMEM::is);
    assertThat(calls.memfdCreate("x", 1 << 25)).matches(Errno.EINVAL::is);
    assertThat(calls.eventfd(0, 1 << 25)).matches(Errno.EINVAL::is);
    assertThat(calls.timerfdCreate(-1, 0)).matches(Errno.EINVAL::is);
    assertThat(calls.timerfdSettime(BAD_FD, 0, address)).matches(Errno.EBADF::is);
    assertThat(calls.epollCreate(1 << 25)).matches(Errno.EINVAL::is);
    assertThat(calls.epollCtl(BAD_FD, 1, BAD_FD, address)).matches(Errno.EBADF::is);
    assertThat(calls.epollWait(BAD_FD, address, 1, 0)).matches(Errno.EBADF::is);
    assertThat(calls.tgkill(calls.getpid(), Integer.MAX_VALUE, 0)).matches(Errno.ESRCH::is);
    assertThat(calls.socket(-1, 0, 0)).matches(Errno.EAFNOSUPPORT::is);
    assertThat(calls.bind(BAD_FD, address, 16)).matches(Errno.EBADF::is);
    assertThat(calls.listen(BAD_FD, 1)).matches(Errno.EBADF::is);
    assertThat(calls.accept(BAD_FD, 0)).matches(Errno.EBADF::is);
    assertThat(calls.connect(BAD_FD, address, 16)).matches(Errno.EBADF::is);
    assertThat(calls.getrlimit(-1, address)).matches(Errno.EINVAL::is);
    assertThat(calls.setrlimit(-1, address)).matches(Errno.EINVAL::is);
  }

  @Test
  void shouldMapAndAdviseMemory() throws Exception {
    noLeaks(
        () -> {
          int fd = calls.memfdCreate("seam-test", Linux.MFD_CLOEXEC);
          assertThat(calls.ftruncate(fd, 8192)).isZero();
          int protection = Linux.PROT_READ | Linux.PROT_WRITE;
          long whole = calls.mmap(0, 8192, protection, Linux.MAP_SHARED, fd, 0);
          long second = calls.mmap(0, 4096, protection, Linux.MAP_SHARED, fd, 4096);
          assertThat(calls.madvise(whole, 8192, Linux.MADV_DONTDUMP)).isZero();
          assertThat(calls.mlock(whole, 4096)).isZero();
          new UnsafeBuffer(whole, 8192).putLong(4096, 42);
          assertThat(new UnsafeBuffer(second, 4096).getLong(0)).isEqualTo(42);
          assertThat(calls.munmap(whole, 8192)).isZero();
          assertThat(calls.munmap(second, 4096)).isZero();
          assertThat(calls.close(fd)).isZero();
          assertThat(calls.mmap(0, 4096, protection, Linux.MAP_SHARED, BAD_FD, 0))
              .matches(Errno.EBADF::is);
        });
  }

  @Test
  void shouldWaitForAnEventfdAndATimer() throws Exception {
    noLeaks(
        () -> {
          int event = calls.eventfd(3, Linux.O_CLOEXEC | Linux.O_NONBLOCK);
          int timer = calls.timerfdCreate(CLOCK_MONOTONIC, Linux.O_CLOEXEC);
          int epoll = calls.epollCreate(Linux.O_CLOEXEC);
          memory.putInt(0, 1);
          memory.putLong(4, 77);
          assertThat(calls.epollCtl(epoll, 1, event, address)).isZero();
          assertThat(calls.epollWait(epoll, address + 64, 4, 0)).isEqualTo(1);
          assertThat(memory.getInt(64)).isEqualTo(1);
          assertThat(memory.getLong(68)).isEqualTo(77);
          assertThat(calls.read(event, address, 8)).isEqualTo(8);
          assertThat(memory.getLong(0)).isEqualTo(3);
          assertThat(calls.epollWait(epoll, address + 64, 4, 0)).isZero();
          memory.setMemory(0, 32, (byte) 0);
          memory.putLong(24, 1_000_000);
          assertThat(calls.timerfdSettime(timer, 0, address)).isZero();
          assertThat(calls.read(timer, address, 8)).as("waits 1 ms").isEqualTo(8);
          assertThat(memory.getLong(0)).isEqualTo(1);
          assertThat(calls.ioctl(event, FIONREAD, address)).matches(Errno.ENOTTY::is);
          for (int fd : new int[] {event, timer, epoll}) {
            assertThat(calls.close(fd)).isZero();
          }
        });
  }

  @Test
  void shouldConnectOverAUnixSocket() throws Exception {
    noLeaks(
        () -> {
          byte[] path = folder.resolve("s").toString().getBytes(StandardCharsets.UTF_8);
          memory.setMemory(0, 128, (byte) 0);
          memory.putShort(0, (short) AF_UNIX);
          memory.putBytes(2, path);
          int length = 2 + path.length + 1;
          int server = calls.socket(AF_UNIX, SOCK_STREAM | Linux.O_CLOEXEC, 0);
          assertThat(calls.bind(server, address, length)).isZero();
          assertThat(calls.listen(server, 1)).isZero();
          int client = calls.socket(AF_UNIX, SOCK_STREAM | Linux.O_CLOEXEC, 0);
          assertThat(calls.bind(client, address, length)).matches(Errno.EADDRINUSE::is);
          assertThat(calls.connect(client, address, length)).isZero();
          int accepted = calls.accept(server, Linux.O_CLOEXEC);
          memory.putLong(128, 0x0123_4567_89ab_cdefL);
          assertThat(calls.write(client, address + 128, 8)).isEqualTo(8);
          assertThat(calls.ioctl(accepted, FIONREAD, address + 192)).isZero();
          assertThat(memory.getInt(192)).isEqualTo(8);
          assertThat(calls.read(accepted, address + 200, 8)).isEqualTo(8);
          assertThat(memory.getLong(200)).isEqualTo(0x0123_4567_89ab_cdefL);
          for (int fd : new int[] {accepted, client, server}) {
            assertThat(calls.close(fd)).isZero();
          }
        });
  }

  @Test
  void shouldKnowItsThreadsAndLimits() throws Exception {
    assertThat(calls.getpid()).isEqualTo((int) ProcessHandle.current().pid());
    assertThat(Path.of("/proc/self/task/" + calls.gettid())).exists();
    assertThat(calls.tgkill(calls.getpid(), calls.gettid(), 0)).isZero();
    assertThat(calls.getrlimit(Linux.RLIMIT_NOFILE, address)).isZero();
    assertThat(memory.getLong(0)).isPositive();
    assertThat(calls.setrlimit(Linux.RLIMIT_NOFILE, address)).isZero();
  }

  @Test
  void shouldInstallHandlersOnRealtimeSignalsOnly() {
    assertThat(calls.firstRealtimeSignal()).isBetween(32, 36);
    assertThat(calls.ignoreByHandler(calls.firstRealtimeSignal() + 1)).isZero();
    assertThat(calls.ignoreByHandler(11)).matches(Errno.EINVAL::is);
    assertThat(calls.ignoreByHandler(65)).matches(Errno.EINVAL::is);
  }

  /** Six arguments: each must reach the kernel in its own register. */
  @Test
  void shouldPassSixArguments() throws Exception {
    Path file = folder.resolve("two pages");
    byte[] content = new byte[8192];
    content[4096] = 42;
    Files.write(file, content);
    int fd = calls.open(file.toString(), Linux.O_RDONLY, 0);
    long mapped = calls.mmap(0, 4096, Linux.PROT_READ, Linux.MAP_PRIVATE, fd, 4096);
    assertThat(new UnsafeBuffer(mapped, 4096).getByte(0)).isEqualTo((byte) 42);
    assertThat(calls.munmap(mapped, 4096)).isZero();
    assertThat(calls.mmap(0, 4096, Linux.PROT_READ, Linux.MAP_PRIVATE, fd, 1))
        .matches(result -> Errno.EINVAL.is(result));
    assertThat(calls.close(fd)).isZero();
  }

  @Test
  void shouldGoOnAfterASignalWhoseHandlerDoesNothing() {
    int signal = calls.firstRealtimeSignal() + 1;
    assertThat(calls.ignoreByHandler(signal)).isZero();
    for (int i = 0; i < 1000; i++) {
      assertThat(calls.tgkill(calls.getpid(), calls.gettid(), signal)).isZero();
    }
  }
}
