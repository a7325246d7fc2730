package javelin.devices.virtio.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.FakeChannel;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.Linux;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TapBackendTest {
  private static final int IFREQ = 40;
  private static final int MULTI_QUEUE = 0x100;

  private final FakeSyscalls syscalls = new FakeSyscalls();
  private final Linux linux = new Linux(syscalls);

  /** The flags of each TUNSETIFF. */
  private final List<Integer> flags = new ArrayList<>();

  private final List<String> names = new ArrayList<>();

  /** Descriptors that are attached. */
  private final TreeSet<Integer> attached = new TreeSet<>();

  TapBackendTest() {
    List<FakeChannel> peers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      peers.add(new FakeChannel(false));
    }
    syscalls.channels(TapBackend.DEVICE, peers);
    syscalls.onIoctl(
        TapBackend.TUNSETIFF,
        (fd, at) -> {
          UnsafeBuffer request = new UnsafeBuffer(at, IFREQ);
          byte[] name = new byte[16];
          request.getBytes(0, name);
          names.add(new String(name, StandardCharsets.US_ASCII).trim());
          flags.add(request.getShort(16) & 0xffff);
          attached.add(fd);
          return 0;
        });
    syscalls.onIoctl(
        TapBackend.TUNSETQUEUE,
        (fd, at) -> {
          int flag = new UnsafeBuffer(at, IFREQ).getShort(16);
          boolean isChange = flag == 0x200 ? attached.add(fd) : attached.remove(fd);
          return isChange ? 0 : -Errno.EINVAL.number();
        });
  }

  @AfterEach
  void close() {
    syscalls.requireNothingOpen();
    syscalls.close();
  }

  @Test
  void shouldOpenATapWithHeadersOfTwelveBytes() {
    List<Integer> lengths = new ArrayList<>();
    syscalls.onIoctl(
        TapBackend.TUNSETVNETHDRSZ,
        (fd, at) -> {
          lengths.add(new UnsafeBuffer(at, 4).getInt(0));
          return 0;
        });
    try (TapBackend tap = TapBackend.open(linux, "a-long-name-15b", 1)) {
      assertThat(tap.pairs()).isEqualTo(1);
      assertThat(tap.name()).isEqualTo("a-long-name-15b");
      assertThat(tap.features()).isEqualTo(1 | 1 << 1 | 1 << 7 | 1 << 8 | 1 << 11 | 1 << 12);
    }
    assertThat(names).containsExactly("a-long-name-15b");
    assertThat(flags).containsExactly(0x5002);
    assertThat(lengths).containsExactly(12);
    int open = Linux.O_RDWR | Linux.O_NONBLOCK | Linux.O_CLOEXEC;
    assertThat(syscalls.calls("open")).containsExactly("open(/dev/net/tun, " + open + ", 0)");
  }

  @Test
  void shouldAttachAsManyQueuesAsAreUsed() {
    try (TapBackend tap = TapBackend.open(linux, "tap0", 4)) {
      assertThat(flags).containsOnly(0x5002 | MULTI_QUEUE).hasSize(4);
      int first = attached.first();
      assertThat(attached).hasSize(1);
      assertThat(tap.use(4)).isTrue();
      assertThat(attached).hasSize(4);
      assertThat(tap.use(2)).isTrue();
      assertThat(attached).hasSize(2).contains(first);
      assertThat(tap.use(2)).isTrue();
      syscalls.fail("ioctl", 2, Errno.ENOMEM);
      assertThat(tap.use(4)).isFalse();
      assertThat(attached).as("as it was").hasSize(2);
      assertThat(tap.use(1)).isTrue();
      assertThat(attached).containsExactly(first);
    }
  }

  @Test
  void shouldTakeOneQueueOfATapWithSeveral() {
    syscalls.fail("ioctl", 1, Errno.EINVAL);
    TapBackend.open(linux, "tap0", 1).close();
    assertThat(flags).containsExactly(0x5002 | MULTI_QUEUE);
  }

  @Test
  void shouldOfferLessWhenTheHostCannotOffload() {
    syscalls.fail("ioctl", 3, Errno.EINVAL);
    try (TapBackend tap = TapBackend.open(linux, "tap0", 1)) {
      assertThat(tap.features()).isEqualTo(1 | 1 << 11 | 1 << 12);
    }
  }

  @Test
  void shouldLeaveNothingOpenWhenAnyCallIsRefused() {
    TapBackend.open(linux, "tap0", 3).close();
    int ioctls = syscalls.calls("ioctl").size();
    for (int i = 1; i <= ioctls; i++) {
      attached.clear();
      syscalls.fail("ioctl", i, Errno.EPERM);
      try {
        TapBackend.open(linux, "tap0", 3).close();
        assertThat(i).as("only the probe may be refused").isEqualTo(7);
      } catch (RuntimeException e) {
        assertThat(e.getMessage()).startsWith("TUNSET");
      }
      syscalls.requireNothingOpen();
      List<FakeChannel> peers = new ArrayList<>();
      for (int peer = 0; peer < 3; peer++) {
        peers.add(new FakeChannel(false));
      }
      syscalls.channels(TapBackend.DEVICE, peers);
      syscalls.fail("open", 1 + i % 3, Errno.EACCES);
      assertThatThrownBy(() -> TapBackend.open(linux, "tap0", 3))
          .hasMessage("open /dev/net/tun: EACCES (permission denied)");
      syscalls.channels(TapBackend.DEVICE, List.of(peers.get(0), peers.get(1), peers.get(2)));
      syscalls.requireNothingOpen();
    }
  }

  @Test
  void shouldAdoptATapAndKeepItFromChildren() {
    int fd = syscalls.openChannel(new FakeChannel(false));
    syscalls.onIoctl(
        TapBackend.TUNGETIFF,
        (tap, at) -> {
          UnsafeBuffer request = new UnsafeBuffer(at, IFREQ);
          request.putStringWithoutLengthAscii(0, "tap7");
          request.putShort(16, (short) 0x5002);
          return 0;
        });
    try (TapBackend tap = TapBackend.adopt(linux, fd)) {
      assertThat(tap.name()).isEqualTo("tap7");
      assertThat(syscalls.calls("ioctl"))
          .anyMatch(call -> call.startsWith("ioctl(" + fd + ", " + TapBackend.FIOCLEX + ","))
          .anyMatch(call -> call.startsWith("ioctl(" + fd + ", " + TapBackend.FIONBIO + ","));
    }
  }

  @Test
  void shouldLeaveWhatIsNoTapOpen() {
    int fd = syscalls.openChannel(new FakeChannel(false));
    syscalls.onIoctl(TapBackend.TUNGETIFF, (tap, at) -> -Errno.ENOTTY.number());
    assertThatThrownBy(() -> TapBackend.adopt(linux, fd))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("is no open tap: ENOTTY (inappropriate ioctl for the device)");
    syscalls.onIoctl(
        TapBackend.TUNGETIFF,
        (tap, at) -> {
          new UnsafeBuffer(at, IFREQ).putShort(16, (short) 0x1002);
          return 0;
        });
    assertThatThrownBy(() -> TapBackend.adopt(linux, fd))
        .hasMessage("is no tap with IFF_NO_PI and IFF_VNET_HDR");
    assertThat(syscalls.close(fd)).isZero();
  }
}
