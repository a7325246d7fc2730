package javelin.passthrough.fake;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.FakeSyscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The bus of {@link FakeVfio}'s devices, and its hot reset (uapi linux/vfio.h): the kernel refuses
 * one of functions that VFIO's drivers do not all have, or whose groups the caller does not show.
 */
public final class FakeBus {
  private static final int HEADER = 12;
  private static final int FUNCTION_LENGTH = 8;

  private record Function(int group, String driver) {}

  private final FakeSyscalls syscalls;
  private final Map<String, Function> functions = new LinkedHashMap<>();
  private final List<Integer> shown = new ArrayList<>();
  private boolean isResettable;
  private boolean isGrowing;
  private int resets;

  FakeBus(FakeSyscalls syscalls) {
    this.syscalls = syscalls;
  }

  /** The kernel can reset it. */
  public FakeBus resettable() {
    isResettable = true;
    return this;
  }

  /** A function is there; {@code driver} is empty where none has it. */
  public FakeBus function(String address, int group, String driver) {
    functions.put(address, new Function(group, driver));
    return this;
  }

  /** A function appears each time that the kernel is asked what is there. */
  public FakeBus growing() {
    isGrowing = true;
    return this;
  }

  /** How often it was reset. */
  public int resets() {
    return resets;
  }

  /** How many groups were shown for the last reset. */
  public int shownGroups() {
    return shown.size();
  }

  /** The driver of a function of this host. */
  public Optional<String> driver(String address) {
    return Optional.ofNullable(functions.get(address))
        .map(Function::driver)
        .filter(name -> !name.isEmpty());
  }

  private static UnsafeBuffer memory(long address, int length) {
    return new UnsafeBuffer(address, length);
  }

  private static long error(Errno errno) {
    return -errno.number();
  }

  /** struct vfio_pci_hot_reset_info: argsz, flags, count, then u32 group, address, 8 bytes each. */
  long info(long address) {
    if (!isResettable) {
      return error(Errno.ENODEV);
    }
    if (isGrowing) {
      function("0000:02:00." + functions.size(), FakeVfio.GROUP, "vfio-pci");
    }
    int length = memory(address, 4).getInt(0);
    UnsafeBuffer info = memory(address, length);
    info.putInt(8, functions.size());
    if (length < HEADER + functions.size() * FUNCTION_LENGTH) {
      return error(Errno.ENOSPC);
    }
    int at = HEADER;
    for (Map.Entry<String, Function> entry : functions.entrySet()) {
      String name = entry.getKey();
      info.putInt(at, entry.getValue().group);
      info.putShort(at + 4, (short) Integer.parseInt(name.substring(0, 4), 16));
      info.putByte(at + 6, (byte) Integer.parseInt(name.substring(5, 7), 16));
      int device = Integer.parseInt(name.substring(8, 10), 16);
      info.putByte(at + 7, (byte) (device << 3 | name.charAt(11) - '0'));
      at += FUNCTION_LENGTH;
    }
    return 0;
  }

  /** struct vfio_pci_hot_reset: argsz, flags, count, then descriptors of groups. */
  long reset(long address) {
    UnsafeBuffer request = memory(address, memory(address, 4).getInt(0));
    int count = request.getInt(8);
    if (!isResettable || count < 1 || count > functions.size() || request.getInt(4) != 0) {
      return error(Errno.EINVAL);
    }
    shown.clear();
    Set<Integer> groups = new HashSet<>();
    for (int i = 0; i < count; i++) {
      int fd = request.getInt(HEADER + i * Integer.BYTES);
      shown.add(fd);
      groups.add(group(fd));
    }
    for (Function function : functions.values()) {
      if (!groups.contains(function.group) || !function.driver.equals("vfio-pci")) {
        return error(Errno.EINVAL);
      }
    }
    resets++;
    return 0;
  }

  private int group(int fd) {
    String prefix = fd + " /dev/vfio/";
    return syscalls.openFds().stream()
        .filter(open -> open.startsWith(prefix))
        .mapToInt(open -> Integer.parseInt(open.substring(prefix.length())))
        .findFirst()
        .orElse(-1);
  }
}
