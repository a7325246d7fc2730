package javelin.perf.nic;

/**
 * A way in which the guest has the network card.
 *
 * @param name for reports
 * @param assign what {@code run --assign} is given; null where the guest gets virtio on the card
 */
public record NicSide(String name, String assign) {
  boolean isVirtio() {
    return assign == null;
  }
}
