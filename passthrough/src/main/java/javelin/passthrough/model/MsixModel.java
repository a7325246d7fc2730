package javelin.passthrough.model;

import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciIdentity;
import javelin.passthrough.vfio.VfioIrq;

/**
 * A function of Javelin's own, 1234:4a58, with what edu lacks: a prefetchable 64-bit BAR that is
 * mapped, an MSI-X table of 80 vectors in a BAR with registers, an I/O BAR, power management, PCI
 * Express with FLR, and extended capabilities that a guest must not see.
 *
 * <pre>
 * BAR 0  64-bit, prefetchable, 1 MiB: memory; its first 32 bits are 0x4a564d31 at first
 * BAR 2  32-bit, 16 KiB: registers, 32 bits each
 *   0x00    identification, 0x4d53495a
 *   0x04    scratch; 0 after a reset
 *   0x08    write n: send MSI-X vector n
 *   0x0c    level of INTA, 0 or 1; 0 after a reset
 *   0x10    doorbell, of any value
 *   0x14    doorbell, of the value 0x52494e47; others count as none
 *   0x18    how often the first was rung; 0 after a reset
 *   0x1c    how often the second was
 *   0x1000  MSI-X table, to 0x14ff
 *   0x1800  MSI-X pending bits
 *   0x1ff0  scratch again, in the page of the table
 * BAR 4  I/O, 32 ports
 *   0x00    scratch again
 *   0x04    the first doorbell again
 * </pre>
 */
public final class MsixModel implements DeviceModel {
  /** MSI-X vectors. */
  public static final int VECTORS = 80;

  private static final PciIdentity IDENTITY =
      new PciIdentity(0x1234, 0x4a58, 0x00ff00, 1, 0x1234, 1);
  private static final int MEMORY = 0;
  private static final long MEMORY_SIZE = 1 << 20;
  private static final int MEMORY_SIGNATURE = 0x4a56_4d31;
  private static final int REGISTERS = 2;
  private static final long REGISTERS_SIZE = 0x4000;
  private static final int PORTS = 4;
  private static final long PORTS_SIZE = 32;
  private static final long IDENTIFICATION = 0x4d53_495aL;
  private static final int SCRATCH = 0x04;
  private static final int SEND = 0x08;
  private static final int LEVEL = 0x0c;
  private static final int BELL = 0x10;
  private static final int PORT_BELL = 0x04;
  private static final int MATCHED_BELL = 0x14;
  private static final int BELL_COUNT = 0x18;
  private static final int MATCHED_BELL_COUNT = 0x1c;
  private static final long BELL_VALUE = 0x5249_4e47L;
  private static final int TABLE = 0x1000;
  private static final int PENDING = 0x1800;
  private static final int SCRATCH_IN_TABLE_PAGE = 0x1ff0;
  private static final int CAPABILITY_SRIOV = 0x10;
  private static final int SRIOV_LENGTH = 0x40;
  private static final int CAPABILITY_SERIAL_NUMBER = 0x03;
  private static final int SERIAL_NUMBER_LENGTH = 12;
  private static final int CAPABILITY_ARI = 0x0e;
  private static final int ARI_LENGTH = 8;

  private final ModelShape shape;
  private ModelHost host;
  private int scratch;
  private boolean isLevel;
  private long rings;
  private long matchedRings;

  /**
   * A function at power-on.
   *
   * @param isFixed whether vectors cannot be added while others are on, as before Linux 6.4
   */
  public MsixModel(boolean isFixed) {
    shape =
        new ModelShape(IDENTITY, ConfigSpace.EXPRESS_LENGTH)
            .mappedBar(MEMORY, MEMORY_SIZE, ModelShape.MEMORY_64 | ModelShape.PREFETCHABLE)
            .bar(REGISTERS, REGISTERS_SIZE, 0)
            .bar(PORTS, PORTS_SIZE, ModelShape.IO)
            .doorbell(REGISTERS, BELL, Integer.BYTES)
            .doorbell(PORTS, PORT_BELL, Integer.BYTES)
            .doorbell(REGISTERS, MATCHED_BELL, Integer.BYTES, BELL_VALUE)
            .pin()
            .powerManagement()
            .msix(VECTORS, REGISTERS, TABLE, PENDING, isFixed)
            .express()
            .extended(CAPABILITY_SRIOV, SRIOV_LENGTH)
            .extended(CAPABILITY_SERIAL_NUMBER, SERIAL_NUMBER_LENGTH)
            .extended(CAPABILITY_ARI, ARI_LENGTH);
  }

  @Override
  public ModelShape shape() {
    return shape;
  }

  @Override
  public void connect(ModelHost modelHost) {
    host = modelHost;
    host.memory(MEMORY).putInt(0, MEMORY_SIGNATURE);
  }

  @Override
  public long read(int bar, long offset, int size) {
    if (size != Integer.BYTES) {
      return -1;
    }
    if (bar == PORTS) {
      return offset == 0 ? scratch : -1;
    }
    return switch ((int) offset) {
      case 0 -> IDENTIFICATION;
      case SCRATCH, SCRATCH_IN_TABLE_PAGE -> scratch;
      case LEVEL -> isLevel ? 1 : 0;
      case BELL_COUNT -> rings;
      case MATCHED_BELL_COUNT -> matchedRings;
      default -> 0;
    };
  }

  @Override
  public void write(int bar, long offset, int size, long value) {
    if (size != Integer.BYTES) {
      return;
    }
    if (bar == PORTS) {
      if (offset == 0) {
        scratch = (int) value;
      } else if (offset == PORT_BELL) {
        rings++;
      }
      return;
    }
    switch ((int) offset) {
      case SCRATCH, SCRATCH_IN_TABLE_PAGE -> scratch = (int) value;
      case SEND -> host.message(VfioIrq.MSIX, (int) value);
      case LEVEL -> level((value & 1) != 0);
      case BELL -> rings++;
      case MATCHED_BELL -> matchedRings += value == BELL_VALUE ? 1 : 0;
      default -> {}
    }
  }

  @Override
  public void rung(ModelDoorbell doorbell, long times) {
    if (doorbell.isMatched()) {
      matchedRings += times;
    } else {
      rings += times;
    }
  }

  private void level(boolean nowLevel) {
    isLevel = nowLevel;
    host.pin(nowLevel);
  }

  @Override
  public void reset() {
    scratch = 0;
    rings = 0;
    matchedRings = 0;
    level(false);
  }
}
