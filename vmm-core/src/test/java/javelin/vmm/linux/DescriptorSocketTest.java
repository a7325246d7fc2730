package javelin.vmm.linux;

import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class DescriptorSocketTest {
  private final Linux linux = Linux.system();
  private final UnsafeBuffer memory = NativeMemory.allocate(256);
  private final long address = memory.addressOffset();
  private final List<Fd> received = new ArrayList<>();

  private interface Body {
    void run(DescriptorSocket near, DescriptorSocket far) throws Exception;
  }

  private void onAPair(Body body) throws Exception {
    noLeaks(
        () -> {
          Fd[] pair = UnixSocket.pair(linux, "pair");
          try (DescriptorSocket near = new DescriptorSocket(pair[0]);
              DescriptorSocket far = new DescriptorSocket(pair[1])) {
            body.run(near, far);
          } finally {
            received.forEach(Fd::close);
          }
        });
  }

  @Test
  void shouldPassDescriptorsAlongWithTheFirstByte() throws Exception {
    onAPair(
        (near, far) -> {
          try (EventFd first = linux.eventFd();
              EventFd second = linux.eventFd()) {
            memory.putStringWithoutLengthAscii(0, "abcdef");
            assertThat(near.send(address, 6, List.of(first.fd(), second.fd()))).isEqualTo(6);
            assertThat(far.receive(address + 128, 4, received::add)).isEqualTo(4);
            assertThat(received).hasSize(2);
            assertThat(far.receive(address + 132, 100, received::add)).isEqualTo(2);
            assertThat(memory.getStringWithoutLengthAscii(128, 6)).isEqualTo("abcdef");
            assertThat(received).hasSize(2).doesNotHaveDuplicates();
            EventFd passed = linux.eventFd(received.get(1));
            passed.signal();
            assertThat(first.drain()).isZero();
            assertThat(second.drain()).isEqualTo(1);
            assertThat(far.isTruncated()).isFalse();
          }
        });
  }

  @Test
  void shouldTakeSixteenDescriptorsAndTellWhereThereAreMore() throws Exception {
    onAPair(
        (near, far) -> {
          try (EventFd event = linux.eventFd()) {
            List<Fd> most = Collections.nCopies(DescriptorSocket.MOST_DESCRIPTORS, event.fd());
            assertThat(near.send(address, 1, most)).isEqualTo(1);
            assertThat(far.receive(address, 1, received::add)).isEqualTo(1);
            assertThat(received).hasSize(DescriptorSocket.MOST_DESCRIPTORS);
            assertThat(far.isTruncated()).isFalse();
          }
        });
  }

  @Test
  void shouldTellOfNothingThereOfTheEndAndOfALostPeer() throws Exception {
    onAPair(
        (near, far) -> {
          assertThat(far.receive(address, 1, received::add)).matches(Errno.EAGAIN::is);
          assertThat(far.await(false, 0)).isFalse();
          assertThat(far.await(true, 0)).isTrue();
          near.close();
          assertThat(far.await(false, 1_000)).isTrue();
          assertThat(far.receive(address, 1, received::add)).isZero();
          assertThat(far.send(address, 1, List.of())).matches(Errno.EPIPE::is);
        });
  }

  @Test
  void shouldStopSendingWhenThePeerTakesNothing() throws Exception {
    onAPair(
        (near, far) -> {
          long sent = 0;
          long result;
          do {
            result = near.send(address, 256, List.of());
            sent += Math.max(0, result);
          } while (result > 0);
          assertThat(result).matches(Errno.EAGAIN::is);
          assertThat(sent).isPositive();
          assertThat(near.await(true, 1)).isFalse();
        });
  }

  @Test
  void shouldSealMemorySoThatItNeverShrinks() throws Exception {
    noLeaks(
        () -> {
          try (Fd sealed = linux.sealedMemfd("sealed", 8192, 0);
              Fd plain = linux.memfd("plain", 0)) {
            assertThat(linux.isSealed(sealed)).isTrue();
            assertThat(linux.isSealed(plain)).isFalse();
            assertThatThrownBy(() -> linux.setLength(sealed, 4096)).hasMessageContaining("EPERM");
            assertThat(linux.length(sealed)).isEqualTo(8192);
          }
        });
  }
}
