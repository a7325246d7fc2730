package javelin.passthrough.host.verdict;

import java.util.List;
import javelin.passthrough.host.HostAddress;

/**
 * Whether a device can be assigned to a guest.
 *
 * @param kind the answer
 * @param reason why, in words for people; empty where there is nothing to add
 * @param companions the members of its IOMMU group that must be taken together with it
 */
public record Verdict(Kind kind, String reason, List<HostAddress> companions) {
  /** Keeps a copy of the list. */
  public Verdict {
    companions = List.copyOf(companions);
  }

  /** The answers. */
  public enum Kind {
    /** It can be taken by itself. */
    ASSIGNABLE("assignable"),
    /** It can be taken together with its companions. */
    WITH_GROUP("with its group"),
    /** The host uses it, or a companion; it can be taken by force. */
    IN_USE("in use"),
    /** It cannot be reset: the next guest finds what the last one left in it. */
    NO_RESET("no reset"),
    /** It is of no use to a guest, or the host cannot be without it. */
    NEVER("never"),
    /** No IOMMU keeps its DMA inside the guest's memory. */
    NO_IOMMU("no IOMMU");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    /** The answer for people. */
    public String words() {
      return words;
    }
  }
}
