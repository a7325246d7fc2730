package javelin.devices.virtio.net;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.regex.Pattern;

/**
 * The address of one network interface (IEEE 802, 48 bits).
 *
 * @param value its bytes, the first one highest
 */
public record MacAddress(long value) {
  /** Bytes of an address. */
  public static final int LENGTH = 6;

  private static final Pattern TEXT = Pattern.compile("\\p{XDigit}{2}(:\\p{XDigit}{2}){5}");
  private static final long GROUP = 0x0100_0000_0000L;
  private static final long LOCAL = 0x0200_0000_0000L;
  private static final long LARGEST = 0xffff_ffff_ffffL;

  /** Refuses what is the address of no single interface. */
  public MacAddress {
    if (value <= 0 || value > LARGEST) {
      throw new IllegalArgumentException("a MAC address has 48 bits, not all of them 0");
    }
    if ((value & GROUP) != 0) {
      throw new IllegalArgumentException(
          "this MAC address is of a group; make the first byte an even one");
    }
  }

  /** Reads {@code 52:54:00:12:34:56}. */
  public static MacAddress parse(String text) {
    if (!TEXT.matcher(text).matches()) {
      throw new IllegalArgumentException("a MAC address is written like 52:54:00:12:34:56");
    }
    return new MacAddress(Long.parseLong(text.replace(":", ""), 16));
  }

  /** A locally administered address, always the same one for {@code name}. */
  public static MacAddress derive(String name) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
      long value = 0;
      for (int i = 0; i < LENGTH; i++) {
        value = (value << Byte.SIZE) | (digest[i] & 0xff);
      }
      return new MacAddress((value | LOCAL) & ~GROUP);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // Every Java has it.
    }
  }

  /** Byte {@code index}, from 0. */
  int octet(int index) {
    return (int) (value >>> (Byte.SIZE * (LENGTH - 1 - index))) & 0xff;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < LENGTH; i++) {
      text.append(i == 0 ? "" : ":").append(String.format("%02x", octet(i)));
    }
    return text.toString();
  }
}
