package javelin.devices.pci;

import javelin.vmm.bus.IoHandler;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.machine.Resettable;

/**
 * The way from the CPUs to the configuration space: ports 0xCF8 to 0xCFF (PCI Local Bus 3.0,
 * 3.2.2.3.2) and the memory-mapped ECAM (PCI Express Base 6.0, 7.2.2). It puts a {@link HostBridge}
 * at 00:00.0.
 *
 * <p>Byte accesses to 0xCF9 are the chip set's reset control register, which lies in the middle of
 * the address register: that takes 32-bit accesses only. Bus 0 is the only one. Its lock guards the
 * address register.
 */
public final class PciHost implements Resettable {
  /** First port of the pair of registers. */
  public static final int CONFIG_PORT = 0xcf8;

  private static final int CONFIG_LENGTH = 8;
  private static final int RESET_OFFSET = 1;
  private static final int DATA_OFFSET = 4;

  private static final int ENABLE = 0x8000_0000;
  private static final int ADDRESS_MASK = 0x80ff_fffc;
  private static final int BUS_SHIFT = 16;
  private static final int DEVICE_FUNCTION_SHIFT = 8;
  private static final int REGISTER_MASK = 0xfc;

  private static final int ECAM_BUS_SHIFT = 20;
  private static final int ECAM_DEVICE_FUNCTION_SHIFT = 12;
  private static final int ECAM_REGISTER_MASK = 0xfff;

  private static final int BYTE_MASK = 0xff;
  private static final long NOTHING = -1;

  private final PciBus bus;
  private final IoHandler resetControl;
  private int address;

  /**
   * A host of {@code bus}, bus 0.
   *
   * @param resetControl takes the 1-byte accesses to port 0xCF9, at its offset 0
   */
  public PciHost(PciBus bus, IoHandler resetControl) {
    this.bus = bus;
    this.resetControl = resetControl;
    bus.add(new PciAddress(0, 0, 0), new HostBridge());
  }

  /**
   * Answers at ports 0xCF8 to 0xCFF and at the ECAM.
   *
   * @param ecam address of the ECAM, a multiple of its length
   * @param buses buses that it covers, 1 to 256, 1 MiB each
   */
  public void attach(IoSpace ports, IoSpace mmio, long ecam, int buses) {
    ports.register("PCI configuration", CONFIG_PORT, CONFIG_LENGTH, portHandler());
    mmio.register("PCI ECAM", ecam, (long) buses << ECAM_BUS_SHIFT, ecamHandler());
  }

  /** Resets the bus with all its functions. */
  @Override
  public void reset() {
    synchronized (this) {
      address = 0;
    }
    bus.reset();
  }

  private synchronized int address() {
    return address;
  }

  private synchronized void address(long value) {
    address = (int) value & ADDRESS_MASK;
  }

  /** Device and function that the address register names, or -1 where it names nothing. */
  private static int deviceFunction(int address) {
    boolean here = (address & ENABLE) != 0 && (address >>> BUS_SHIFT & BYTE_MASK) == 0;
    return here ? address >>> DEVICE_FUNCTION_SHIFT & BYTE_MASK : -1;
  }

  private IoHandler portHandler() {
    return new IoHandler() {
      @Override
      public long read(long offset, int size) {
        if (offset >= DATA_OFFSET) {
          int current = address();
          int deviceFunction = deviceFunction(current);
          int register = (current & REGISTER_MASK) + (int) offset - DATA_OFFSET;
          return deviceFunction < 0 ? NOTHING : bus.read(deviceFunction, register, size);
        }
        if (offset == RESET_OFFSET && size == 1) {
          return resetControl.read(0, 1);
        }
        return offset == 0 && size == Integer.BYTES ? address() : NOTHING;
      }

      @Override
      public void write(long offset, int size, long value) {
        if (offset >= DATA_OFFSET) {
          int current = address();
          int deviceFunction = deviceFunction(current);
          if (deviceFunction >= 0) {
            int register = (current & REGISTER_MASK) + (int) offset - DATA_OFFSET;
            bus.write(deviceFunction, register, size, value);
          }
        } else if (offset == RESET_OFFSET && size == 1) {
          resetControl.write(0, 1, value);
        } else if (offset == 0 && size == Integer.BYTES) {
          address(value);
        }
      }
    };
  }

  private IoHandler ecamHandler() {
    return new IoHandler() {
      @Override
      public long read(long offset, int size) {
        if (!isHere(offset, size)) {
          return NOTHING;
        }
        return bus.read(
            (int) (offset >>> ECAM_DEVICE_FUNCTION_SHIFT), (int) offset & ECAM_REGISTER_MASK, size);
      }

      @Override
      public void write(long offset, int size, long value) {
        if (isHere(offset, size)) {
          bus.write(
              (int) (offset >>> ECAM_DEVICE_FUNCTION_SHIFT),
              (int) offset & ECAM_REGISTER_MASK,
              size,
              value);
        }
      }

      /** On bus 0, and within one function. */
      private boolean isHere(long offset, int size) {
        return offset >>> ECAM_BUS_SHIFT == 0
            && (offset & ECAM_REGISTER_MASK) + size <= ConfigSpace.EXPRESS_LENGTH;
      }
    };
  }
}
