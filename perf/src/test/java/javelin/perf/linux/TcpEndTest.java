package javelin.perf.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javelin.perf.linux.Work.Done;
import org.junit.jupiter.api.Test;

/** Over loopback, with a thread for the guest. */
class TcpEndTest {
  private static final Duration SHORT = Duration.ofMillis(20);

  private interface Program {
    void run(Socket socket) throws IOException;
  }

  private static Done exchange(TcpJob job, Program guest) throws Exception {
    AtomicInteger marks = new AtomicInteger();
    InetAddress loopback = InetAddress.getLoopbackAddress();
    try (TcpEnd end = new TcpEnd(loopback, 0, SHORT, SHORT)) {
      CompletableFuture<Void> program =
          CompletableFuture.runAsync(
              () -> {
                try (Socket socket = new Socket(loopback, end.port())) {
                  guest.run(socket);
                } catch (IOException e) {
                  // The host has closed the connection, as it does at the end.
                }
              });
      Done done = end.exchange(job, marks::incrementAndGet);
      program.join();
      assertThat(marks).hasValue(2);
      return done;
    }
  }

  @Test
  void shouldTimeEachRoundTrip() throws Exception {
    Done done =
        exchange(
            TcpJob.REQUEST_RESPONSE,
            socket -> socket.getInputStream().transferTo(socket.getOutputStream()));

    assertThat(done.operations()).isPositive().isEqualTo(done.times().getTotalCount());
    assertThat(done.nanos()).isGreaterThanOrEqualTo(SHORT.toNanos());
  }

  @Test
  void shouldCountWhatTheGuestSends() throws Exception {
    Done done =
        exchange(
            TcpJob.FROM_GUEST,
            socket -> {
              byte[] chunk = new byte[1 << 16];
              while (true) {
                socket.getOutputStream().write(chunk);
              }
            });

    assertThat(done.bytes()).isGreaterThanOrEqualTo(1 << 20);
    assertThat(done.times().getTotalCount()).isEqualTo(done.bytes() >> 20);
  }

  @Test
  void shouldWaitUntilTheGuestHasAll() throws Exception {
    Done done = exchange(TcpJob.TO_GUEST, socket -> socket.getInputStream().readAllBytes());

    assertThat(done.bytes()).isGreaterThanOrEqualTo(1 << 20);
    assertThat(done.units()).isEqualTo(done.bytes() >> 20);
  }

  @Test
  void shouldWaitForNobodyAfterAStop() throws Exception {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    try (TcpEnd end = new TcpEnd(loopback, 0, SHORT, Duration.ofMinutes(5));
        Socket silent = new Socket(loopback, end.port())) {
      CompletableFuture<Void> stopping =
          CompletableFuture.runAsync(
              end::stop, CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS));
      assertThatThrownBy(() -> end.exchange(TcpJob.TO_GUEST, () -> {}))
          .isInstanceOf(IOException.class);
      stopping.join();
      assertThat(silent.isConnected()).isTrue();
    }
  }

  @Test
  void shouldFailWhenTheGuestClosesEarly() {
    assertThatThrownBy(() -> exchange(TcpJob.REQUEST_RESPONSE, socket -> {}))
        .isInstanceOf(IOException.class);
  }
}
