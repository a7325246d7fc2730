package javelin.vmm.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javelin.vmm.event.EventLoop;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FakeSyscallsTest {
  private final FakeSyscalls fake = new FakeSyscalls();
  private final Linux linux = new Linux(fake);

  @AfterEach
  void unmap() {
    fake.close();
  }

  @Test
  void shouldFailTheNthCallOnly() {
    fake.fail("mmap", 2, Errno.ENOMEM);
    linux.map(null, 0, 4096, Linux.PROT_READ, Linux.MAP_PRIVATE);
    assertThatThrownBy(() -> linux.map(null, 0, 4096, Linux.PROT_READ, Linux.MAP_PRIVATE))
        .hasMessage("mmap anonymous, 4096 bytes: ENOMEM (cannot allocate memory)");
    linux.map(null, 0, 8192, Linux.PROT_READ, Linux.MAP_PRIVATE);
    assertThat(fake.mappings().values()).containsExactlyInAnyOrder(4096L, 8192L);
  }

  @Test
  void shouldGiveUsableMemory() {
    Mapping mapping = linux.map(null, 0, 4096, Linux.PROT_READ, Linux.MAP_PRIVATE);
    UnsafeBuffer view = new UnsafeBuffer(mapping.address(), 4096);
    view.putLong(4088, 42);
    assertThat(view.getLong(4088)).isEqualTo(42);
    mapping.close();
    fake.requireNothingOpen();
  }

  @Test
  void shouldNameWhatIsLeftOpen() {
    linux.memfd("guest-ram", 0);
    assertThatThrownBy(fake::requireNothingOpen).hasMessageContaining("1000 memfd:guest-ram");
  }

  @Test
  void shouldReadAndWriteFiles() {
    fake.file("/a", new byte[] {1, 2, 3});
    UnsafeBuffer memory = NativeMemory.allocate(8);
    try (Fd fd = linux.open("/a", Linux.O_RDWR)) {
      assertThat(fake.read(fd.number(), memory.addressOffset(), 2)).isEqualTo(2);
      assertThat(fake.read(fd.number(), memory.addressOffset(), 8)).isEqualTo(1);
      assertThat(fake.read(fd.number(), memory.addressOffset(), 8)).isZero();
      assertThat(fake.pwrite(fd.number(), memory.addressOffset(), 1, 4)).isEqualTo(1);
    }
    assertThat(fake.fileContents("/a")).containsExactly(1, 2, 3, 0, 3);
    assertThatThrownBy(() -> linux.open("/b", Linux.O_RDONLY))
        .hasMessage("open /b: ENOENT (no such file or directory)");
  }

  @Test
  void shouldCarryAnEventLoop() throws Exception {
    NoLeaks.noLeaks(
        () -> {
          CountDownLatch ran = new CountDownLatch(2);
          try (EventLoop loop = new EventLoop(linux, "faked");
              EventFd event = linux.eventFd()) {
            EventLoop.Watch watch =
                loop.watch(
                    event.fd(),
                    EventLoop.READABLE,
                    events -> {
                      if (event.drain() == 1) {
                        ran.countDown();
                      }
                    });
            loop.execute(ran::countDown);
            event.signal();
            assertThat(ran.await(5, TimeUnit.SECONDS)).isTrue();
            watch.close();
          }
          fake.requireNothingOpen();
        });
  }

  @Test
  void shouldAnswerIoctls() {
    fake.file("/dev/kvm", new byte[0]);
    fake.onIoctl(0xae00, (fd, argument) -> 12).onIoctlOpen(0xae01, "VM");
    try (Fd kvm = linux.open("/dev/kvm", Linux.O_RDWR)) {
      assertThat(kvm.ioctl("KVM_GET_API_VERSION", 0xae00, 0)).isEqualTo(12);
      assertThat(kvm.ioctl("KVM_CREATE_VM", 0xae01, 0)).isEqualTo(1001);
    }
    assertThat(fake.openFds()).containsExactly("1001 VM");
    assertThat(fake.calls("ioctl"))
        .containsExactly("ioctl(1000, 44544, 0)", "ioctl(1000, 44545, 0)");
  }
}
