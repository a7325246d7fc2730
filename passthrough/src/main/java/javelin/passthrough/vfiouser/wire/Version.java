package javelin.passthrough.vfiouser.wire;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import javelin.passthrough.json.JsonReader;
import javelin.vmm.linux.DescriptorSocket;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What an end of a connection says first (vfio-user, "VFIO_USER_VERSION").
 *
 * @param major 0 in all of today's
 * @param minor 0 or more
 * @param mostDescriptors how many descriptors it takes in one message ({@code max_msg_fds})
 * @param mostData how many bytes of data it takes in one message ({@code max_data_xfer_size})
 */
public record Version(int major, int minor, int mostDescriptors, int mostData) {
  private static final int U16 = 0xffff;
  private static final int DEFAULT_DESCRIPTORS = 1;
  private static final int DEFAULT_DATA = 1 << 20;
  private static final int LEAST_DATA = 8;
  private static final int LONGEST = 4096;
  private static final int PAGE = 4096;

  /** The most mappings for DMA at a time ({@code max_dma_maps}). */
  public static final int MOST_MAPS = 1024;

  /** Javelin's own, at both ends. */
  public static final Version OURS =
      new Version(0, 0, DescriptorSocket.MOST_DESCRIPTORS, Channel.MOST_DATA);

  /**
   * Writes it as a payload.
   *
   * @return the payload's length
   */
  public int put(UnsafeBuffer message, int at) {
    message.putShort(at, (short) major);
    message.putShort(at + Payloads.VERSION_MINOR, (short) minor);
    byte[] json =
        ("{\"capabilities\":{\"max_msg_fds\":"
                + mostDescriptors
                + ",\"max_data_xfer_size\":"
                + mostData
                + ",\"max_dma_maps\":"
                + MOST_MAPS
                + ",\"pgsizes\":"
                + PAGE
                + ",\"write_multiple\":true}}\0")
            .getBytes(StandardCharsets.US_ASCII);
    message.putBytes(at + Payloads.VERSION_DATA, json);
    return Payloads.VERSION_DATA + json.length;
  }

  /**
   * Reads a payload.
   *
   * @throws PeerException where it is none
   */
  public static Version get(UnsafeBuffer message, int at, int length) {
    if (length < Payloads.VERSION_DATA || length > LONGEST) {
      throw new PeerException("has sent a version of " + length + " bytes");
    }
    int major = message.getShort(at) & U16;
    int minor = message.getShort(at + Payloads.VERSION_MINOR) & U16;
    Map<?, ?> capabilities = Map.of();
    if (length > Payloads.VERSION_DATA) {
      byte[] json = new byte[length - Payloads.VERSION_DATA - 1];
      message.getBytes(at + Payloads.VERSION_DATA, json);
      if (message.getByte(at + length - 1) != 0) {
        throw new PeerException("has sent capabilities without an end");
      }
      capabilities = capabilities(new String(json, StandardCharsets.UTF_8));
    }
    return new Version(
        major,
        minor,
        number(capabilities, "max_msg_fds", 0, DEFAULT_DESCRIPTORS),
        number(capabilities, "max_data_xfer_size", LEAST_DATA, DEFAULT_DATA));
  }

  private static Map<?, ?> capabilities(String json) {
    try {
      return JsonReader.object(json).get("capabilities") instanceof Map<?, ?> map ? map : Map.of();
    } catch (IllegalArgumentException e) {
      throw new PeerException("has sent capabilities that are no JSON: " + e.getMessage());
    }
  }

  private static int number(Map<?, ?> capabilities, String name, int least, int otherwise) {
    Object value = capabilities.get(name);
    if (value == null) {
      return otherwise;
    }
    if (!(value instanceof Long number) || number < least) {
      throw new PeerException("has sent a capability " + name + " that is no possible number");
    }
    return (int) Math.min(number, Integer.MAX_VALUE);
  }

  /** Data and descriptors of one message that both ends take. */
  public Version common(Version other) {
    return new Version(
        major,
        minor,
        Math.min(mostDescriptors, other.mostDescriptors),
        Math.min(mostData, other.mostData));
  }
}
