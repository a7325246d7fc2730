package javelin.devices.pci;

import java.util.concurrent.atomic.AtomicReferenceArray;
import javelin.vmm.machine.Resettable;

/**
 * One bus: 32 devices of up to 8 functions. Where there is no function, reads give all ones and
 * writes go nowhere.
 *
 * <p>Threads: any; accesses take no lock but the function's own. Functions may come and go.
 */
public final class PciBus implements Resettable {
  private static final int DEVICE_FUNCTIONS = 256;
  private static final int FUNCTIONS = 8;
  private static final long NOTHING = -1;

  private final AtomicReferenceArray<PciFunction> functions =
      new AtomicReferenceArray<>(DEVICE_FUNCTIONS);

  /**
   * Puts a function at {@code address}, whose bus number does not count. Function 0 of a device
   * comes first, as a guest looks no further where that is missing.
   *
   * @throws IllegalArgumentException where the place is taken, or function 0 is missing
   */
  public void add(PciAddress address, PciFunction function) {
    int at = address.deviceFunction();
    if (address.function() != 0 && functions.get(at & -FUNCTIONS) == null) {
      throw new IllegalArgumentException(
          "PCI address " + address + ": the device has no function 0, add that first");
    }
    if (!functions.compareAndSet(at, null, function)) {
      throw new IllegalArgumentException("PCI address " + address + " is taken");
    }
  }

  /**
   * The first device that has no function.
   *
   * @throws IllegalArgumentException where all 32 have one
   */
  public PciAddress freeDevice() {
    for (int at = 0; at < DEVICE_FUNCTIONS; at += FUNCTIONS) {
      if (functions.get(at) == null) {
        return new PciAddress(0, at / FUNCTIONS, 0);
      }
    }
    throw new IllegalArgumentException("the PCI bus is full: it has 32 devices");
  }

  /** Takes the function at {@code address} away, if there is one. */
  public void remove(PciAddress address) {
    functions.set(address.deviceFunction(), null);
  }

  /** The function at a place, or null. */
  PciFunction function(int deviceFunction) {
    return functions.get(deviceFunction);
  }

  /**
   * A read of a function's configuration space; an access that is not aligned is one of each byte.
   *
   * @param deviceFunction 0 to 255
   * @param offset 0 to 4095
   * @param size 1, 2, 4 or 8 bytes, not beyond the end of the space
   */
  public long read(int deviceFunction, int offset, int size) {
    PciFunction function = functions.get(deviceFunction);
    if (function == null) {
      return NOTHING;
    }
    int step = step(offset, size);
    long value = 0;
    for (int i = 0; i < size; i += step) {
      value |= readRegister(function, deviceFunction, offset + i, step) << (8 * i);
    }
    return value;
  }

  private long readRegister(PciFunction function, int deviceFunction, int offset, int size) {
    long value = function.readConfig(offset, size) & (1L << (8 * size)) - 1;
    if (offset <= PciRegisters.HEADER_TYPE
        && offset + size > PciRegisters.HEADER_TYPE
        && hasSeveralFunctions(deviceFunction)) {
      int shift = 8 * (PciRegisters.HEADER_TYPE - offset);
      value |= (long) PciRegisters.HEADER_MULTI_FUNCTION << shift;
    }
    return value;
  }

  private boolean hasSeveralFunctions(int deviceFunction) {
    int first = deviceFunction & -FUNCTIONS;
    for (int i = first + 1; i < first + FUNCTIONS; i++) {
      if (functions.get(i) != null) {
        return true;
      }
    }
    return false;
  }

  /** As {@link #read}, for a write. */
  public void write(int deviceFunction, int offset, int size, long value) {
    PciFunction function = functions.get(deviceFunction);
    if (function == null) {
      return;
    }
    int step = step(offset, size);
    for (int i = 0; i < size; i += step) {
      function.writeConfig(offset + i, step, value >>> (8 * i) & (1L << (8 * step)) - 1);
    }
  }

  /** The widest access that functions take: 4 bytes, aligned. */
  private static int step(int offset, int size) {
    if ((offset & (size - 1)) != 0) {
      return 1;
    }
    return Math.min(size, Integer.BYTES);
  }

  @Override
  public void reset() {
    for (int i = 0; i < DEVICE_FUNCTIONS; i++) {
      PciFunction function = functions.get(i);
      if (function != null) {
        function.reset();
      }
    }
  }
}
