package javelin.perf.linux;

import java.util.Arrays;
import java.util.List;
import javelin.perf.result.Unit;

/** What is done over TCP between host and guest. */
public enum TcpJob {
  /** The host sends a byte and waits for it to come back. */
  REQUEST_RESPONSE("tcp-rr", "TCP request-response, 1 byte"),
  FROM_GUEST("tcp-from-guest", "TCP stream, guest to host"),
  TO_GUEST("tcp-to-guest", "TCP stream, host to guest");

  private final String id;
  private final String title;

  TcpJob(String id, String title) {
    this.id = id;
    this.title = title;
  }

  /** What the guest calls it. */
  String id() {
    return id;
  }

  /** For people. */
  public String title() {
    return title;
  }

  /** What is measured of it. */
  Work work() {
    return new Work(title, this == REQUEST_RESPONSE ? null : Unit.BYTES_PER_SECOND);
  }

  static List<String> names() {
    return Arrays.stream(values()).map(TcpJob::id).toList();
  }

  /**
   * The one that the guest calls so.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static TcpJob of(String id) {
    return Arrays.stream(values())
        .filter(job -> job.id.equals(id))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no exchange is called " + id));
  }
}
