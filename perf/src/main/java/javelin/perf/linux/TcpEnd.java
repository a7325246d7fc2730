package javelin.perf.linux;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javelin.perf.linux.Work.Done;
import javelin.perf.result.Outcome;
import javelin.perf.result.Series;
import org.HdrHistogram.Histogram;
import org.agrona.CloseHelper;

/**
 * The host's end of the TCP exchanges, which the guest connects to once for each. What it measures
 * is measured here, with one clock, whoever the guest runs under.
 */
public final class TcpEnd implements AutoCloseable {
  /** Hears when an exchange starts to count, and when it has ended. */
  @FunctionalInterface
  interface Counting {
    void mark() throws IOException;
  }

  private static final int WAIT_MILLIS = 30_000;
  private static final int CHUNK = 64 << 10;
  private static final int MEBIBYTE = 1 << 20;

  private final ServerSocket server;
  private final Duration warmUp;
  private final Duration time;
  private volatile Socket connected;

  /**
   * Listens.
   *
   * @param warmUp how long each exchange runs before it counts
   * @param time how long it counts
   */
  public TcpEnd(InetAddress address, int port, Duration warmUp, Duration time) throws IOException {
    server = new ServerSocket(port, 1, address);
    server.setSoTimeout(WAIT_MILLIS);
    this.warmUp = warmUp;
    this.time = time;
  }

  /** The port it listens at. */
  int port() {
    return server.getLocalPort();
  }

  /**
   * Does an exchange with the guest of a process, and adds it to the outcome, with what the host's
   * kernel counted of that process meanwhile.
   *
   * @param pid the monitor's process
   * @param side what it is called in the outcome
   * @throws IOException where the guest does not come, stays away for too long or leaves
   */
  public void measure(TcpJob job, long pid, String side, Outcome outcome) throws IOException {
    List<HostCounters> counters = new ArrayList<>();
    Done done = exchange(job, () -> counters.add(HostCounters.of(pid)));
    job.work().add(outcome, side, done, counters.get(1).since(counters.get(0)));
  }

  /**
   * Waits for the guest and does the exchange with it.
   *
   * @param counting called twice
   */
  Done exchange(TcpJob job, Counting counting) throws IOException {
    try (Socket guest = server.accept()) {
      connected = guest;
      if (server.isClosed()) {
        throw new SocketException("stopped");
      }
      guest.setTcpNoDelay(true);
      guest.setSoTimeout(WAIT_MILLIS);
      return switch (job) {
        case REQUEST_RESPONSE -> requestResponse(guest, counting);
        case FROM_GUEST -> fromGuest(guest, counting);
        case TO_GUEST -> toGuest(guest, counting);
      };
    }
  }

  private Done requestResponse(Socket guest, Counting counting) throws IOException {
    InputStream in = guest.getInputStream();
    OutputStream out = guest.getOutputStream();
    long begin = System.nanoTime() + warmUp.toNanos();
    while (System.nanoTime() < begin) {
      roundTrip(in, out);
    }
    Histogram times = new Histogram(Series.DIGITS);
    counting.mark();
    long start = System.nanoTime();
    long now = start;
    while (now - start < time.toNanos()) {
      roundTrip(in, out);
      long then = System.nanoTime();
      times.recordValue(then - now);
      now = then;
    }
    counting.mark();
    return new Done(times, times.getTotalCount(), 2 * times.getTotalCount(), now - start);
  }

  private static void roundTrip(InputStream in, OutputStream out) throws IOException {
    out.write(1);
    if (in.read() < 0) {
      throw new IOException("the guest has closed the connection");
    }
  }

  private Done fromGuest(Socket guest, Counting counting) throws IOException {
    InputStream in = guest.getInputStream();
    byte[] chunk = new byte[CHUNK];
    long begin = System.nanoTime() + warmUp.toNanos();
    while (System.nanoTime() < begin) {
      read(in, chunk);
    }
    Stream stream = new Stream(counting);
    while (stream.isGoing()) {
      stream.moved(read(in, chunk));
    }
    return stream.done();
  }

  private static int read(InputStream in, byte[] chunk) throws IOException {
    int count = in.read(chunk);
    if (count < 0) {
      throw new IOException("the guest has closed the connection");
    }
    return count;
  }

  /** What the guest has not read when the time is over counts with the time it takes. */
  private Done toGuest(Socket guest, Counting counting) throws IOException {
    OutputStream out = guest.getOutputStream();
    byte[] chunk = new byte[CHUNK];
    long begin = System.nanoTime() + warmUp.toNanos();
    while (System.nanoTime() < begin) {
      out.write(chunk);
    }
    Stream stream = new Stream(counting);
    while (stream.isGoing()) {
      out.write(chunk);
      stream.moved(CHUNK);
    }
    guest.shutdownOutput();
    if (guest.getInputStream().read() >= 0) {
      throw new IOException("the guest has sent something");
    }
    return stream.done();
  }

  /** Bytes that are under way for a time; the time for each MiB is kept. */
  private final class Stream {
    private final Histogram times = new Histogram(Series.DIGITS);
    private final Counting counting;
    private final long start;
    private long now;
    private long bytes;
    private long lastMebibyte;

    Stream(Counting counting) throws IOException {
      this.counting = counting;
      counting.mark();
      start = System.nanoTime();
      now = start;
      lastMebibyte = start;
    }

    boolean isGoing() {
      return now - start < time.toNanos() || bytes < MEBIBYTE;
    }

    void moved(int count) {
      long before = bytes / MEBIBYTE;
      bytes += count;
      now = System.nanoTime();
      if (bytes / MEBIBYTE > before) {
        times.recordValue(now - lastMebibyte);
        lastMebibyte = now;
      }
    }

    Done done() throws IOException {
      long end = System.nanoTime();
      counting.mark();
      return new Done(times, 0, bytes, end - start);
    }
  }

  /**
   * Has a wait for a guest that is gone, for its bytes or for room for more of them, end by an
   * IOException. Any thread may call.
   */
  public void stop() {
    CloseHelper.quietCloseAll(server, connected);
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
