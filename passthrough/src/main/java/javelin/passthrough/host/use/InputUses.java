package javelin.passthrough.host.use;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.use.DeviceUse.Kind;
import javelin.vmm.linux.HostFiles;

/**
 * Keyboards and pointers behind a device, mostly a USB controller. What an input device has is told
 * by its key bits, as words in hexadecimal, the uppermost first (uapi linux/input-event-codes.h).
 */
final class InputUses implements UseCheck {
  private static final String FOLDER = "/sys/class/input";
  private static final int HEXADECIMAL = 16;
  private static final int KEY_ESC = 1;
  private static final int KEY_S = 31;
  private static final int BTN_MOUSE = 0x110;
  private static final int BTN_TOUCH = 0x14A;

  private final HostFiles files;
  private final ClassDevices inputs;

  InputUses(HostFiles files) {
    this.files = files;
    inputs = new ClassDevices(files, FOLDER);
  }

  @Override
  public List<DeviceUse> uses(HostDevice device) {
    List<DeviceUse> uses = new ArrayList<>();
    for (String name : inputs.below(device)) {
      BigInteger keys = keys(name);
      String kind = isKeyboard(keys) ? "keyboard" : isPointer(keys) ? "pointer" : "";
      if (!kind.isEmpty()) {
        String model = files.text(FOLDER + "/" + name + "/name").orElse(name);
        uses.add(new DeviceUse(Kind.INPUT, name, "the " + kind + " \"" + model + "\" hangs on it"));
      }
    }
    return uses;
  }

  private BigInteger keys(String name) {
    BigInteger bits = BigInteger.ZERO;
    String text = files.text(FOLDER + "/" + name + "/capabilities/key").orElse("0");
    for (String word : text.split("\\s+", -1)) {
      bits = bits.shiftLeft(Long.SIZE).or(new BigInteger(word, HEXADECIMAL));
    }
    return bits;
  }

  /** A full row of keys and not just some buttons. */
  private static boolean isKeyboard(BigInteger keys) {
    for (int key = KEY_ESC; key <= KEY_S; key++) {
      if (!keys.testBit(key)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isPointer(BigInteger keys) {
    return keys.testBit(BTN_MOUSE) || keys.testBit(BTN_TOUCH);
  }
}
