package javelin.passthrough.vfio;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import javelin.passthrough.host.VfioDrivers;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Hot resets of a VM's devices: of all functions of a bus or slot together (uapi linux/vfio.h). Who
 * asks for one shows, by its open groups, that all of them are its own.
 */
final class BusReset {
  /** struct vfio_pci_hot_reset_info: argsz, flags, u32 count, then the functions. */
  private static final int INFO_LENGTH = 12;

  /** struct vfio_pci_hot_reset: argsz, flags, u32 count, then s32 group descriptors. */
  private static final int REQUEST_LENGTH = 12;

  private static final int COUNT = 8;

  /** struct vfio_pci_dependent_device: u32 group, u16 segment, u8 bus, u8 device and function. */
  private static final int FUNCTION_LENGTH = 8;

  private static final int FUNCTION_SEGMENT = 4;
  private static final int FUNCTION_BUS = 6;
  private static final int FUNCTION_DEVFN = 7;
  private static final int DEVICE_SHIFT = 3;
  private static final int FUNCTION_MASK = 0x7;

  /** Of one segment of the host's buses. */
  private static final int MOST_FUNCTIONS = 1 << 16;

  /** Functions may appear between one question and the next. */
  private static final int ATTEMPTS = 3;

  /** A function that a reset reaches. */
  private record Affected(int group, String name) {}

  private final Map<Integer, VfioGroup> groups;
  private final Function<String, Optional<String>> drivers;

  /**
   * @param groups the VM's, by number
   * @param drivers tells which driver a function of this host is bound to
   */
  BusReset(Map<Integer, VfioGroup> groups, Function<String, Optional<String>> drivers) {
    this.groups = Map.copyOf(groups);
    this.drivers = drivers;
  }

  /** Asks what a hot reset of an open device would reach. */
  HotReset of(Fd device) {
    List<Affected> affected;
    try {
      affected = affected(device);
    } catch (ErrnoException e) {
      return HotReset.NONE;
    }
    List<String> foreign = new ArrayList<>();
    for (Affected function : affected) {
      Optional<String> driver = drivers.apply(function.name());
      if (!groups.containsKey(function.group()) || driver.filter(VfioDrivers::contains).isEmpty()) {
        foreign.add(
            function.name()
                + " ("
                + driver.map(name -> "driver " + name).orElse("no driver")
                + ")");
      }
    }
    return new HotReset(true, foreign);
  }

  /** The functions that it reaches: the first answer says how many, unless there is room. */
  private static List<Affected> affected(Fd device) {
    int room = 1;
    for (int i = 1; ; i++) {
      UnsafeBuffer info = NativeMemory.allocate(INFO_LENGTH + room * FUNCTION_LENGTH);
      info.putInt(VfioStructs.ARGSZ, info.capacity());
      try {
        device.ioctl(
            "VFIO_DEVICE_GET_PCI_HOT_RESET_INFO",
            VfioIoctl.VFIO_DEVICE_GET_PCI_HOT_RESET_INFO,
            info.addressOffset());
        return functions(info, Math.min(room, info.getInt(COUNT)));
      } catch (ErrnoException e) {
        room = info.getInt(COUNT);
        if (!e.is(Errno.ENOSPC) || i == ATTEMPTS || room <= 0 || room > MOST_FUNCTIONS) {
          throw e;
        }
      }
    }
  }

  private static List<Affected> functions(UnsafeBuffer info, int count) {
    List<Affected> functions = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int at = INFO_LENGTH + i * FUNCTION_LENGTH;
      int deviceFunction = info.getByte(at + FUNCTION_DEVFN) & 0xff;
      String name =
          String.format(
              "%04x:%02x:%02x.%d",
              info.getShort(at + FUNCTION_SEGMENT) & 0xffff,
              info.getByte(at + FUNCTION_BUS) & 0xff,
              deviceFunction >> DEVICE_SHIFT,
              deviceFunction & FUNCTION_MASK);
      functions.add(new Affected(info.getInt(at), name));
    }
    return functions;
  }

  /** Resets all functions of the device's bus or slot; the host's configuration is restored. */
  void run(Fd device) {
    Set<Integer> needed = new LinkedHashSet<>();
    affected(device).forEach(function -> needed.add(function.group()));
    List<VfioGroup> owned = needed.stream().filter(groups::containsKey).map(groups::get).toList();
    int length = REQUEST_LENGTH + owned.size() * Integer.BYTES;
    UnsafeBuffer request = NativeMemory.allocate(length);
    request.putInt(VfioStructs.ARGSZ, length);
    request.putInt(COUNT, owned.size());
    for (int i = 0; i < owned.size(); i++) {
      request.putInt(REQUEST_LENGTH + i * Integer.BYTES, owned.get(i).fd().number());
    }
    device.ioctl(
        "VFIO_DEVICE_PCI_HOT_RESET", VfioIoctl.VFIO_DEVICE_PCI_HOT_RESET, request.addressOffset());
  }
}
