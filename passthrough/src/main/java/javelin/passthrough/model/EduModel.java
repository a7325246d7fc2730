package javelin.passthrough.model;

import java.util.Arrays;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciIdentity;
import javelin.passthrough.vfio.VfioIrq;

/**
 * QEMU's edu (docs/specs/edu): a computation, DMA through a buffer of 4 KiB, INTx and MSI.
 * Addresses of DMA have 64 bits here, and DMA takes no time worth waiting for.
 */
public final class EduModel implements DeviceModel {
  private static final PciIdentity IDENTITY =
      new PciIdentity(0x1234, 0x11e8, 0x00ff00, 0x10, 0x1af4, 0x1100);
  private static final long BAR_SIZE = 1 << 20;
  private static final long IDENTIFICATION = 0x0100_00edL;
  private static final int LIVENESS = 0x04;
  private static final int FACTORIAL = 0x08;
  private static final int STATUS = 0x20;
  private static final int INTERRUPT_STATUS = 0x24;
  private static final int RAISE = 0x60;
  private static final int ACKNOWLEDGE = 0x64;
  private static final int DMA_SOURCE = 0x80;
  private static final int DMA_TARGET = 0x88;
  private static final int DMA_COUNT = 0x90;
  private static final int DMA_COMMAND = 0x98;
  private static final int COMPUTING = 0x01;
  private static final int INTERRUPT_WHEN_DONE = 0x80;
  private static final int CAUSE_FACTORIAL = 0x001;
  private static final int CAUSE_DMA = 0x100;
  private static final int DMA_RUN = 1;
  private static final int DMA_TO_MEMORY = 2;
  private static final int DMA_INTERRUPT = 4;
  private static final int BUFFER = 0x4_0000;
  private static final int BUFFER_LENGTH = 4096;
  private static final long NOTHING = -1;

  private final ModelShape shape;
  private final byte[] buffer = new byte[BUFFER_LENGTH];
  private ModelHost host;
  private int liveness;
  private int factorial;
  private int status;
  private int causes;
  private long dmaSource;
  private long dmaTarget;
  private long dmaCount;
  private long dmaCommand;

  /** One without a reset, as QEMU's is. */
  public EduModel() {
    this(false);
  }

  /**
   * As above.
   *
   * @param canReset whether it can be reset
   */
  public EduModel(boolean canReset) {
    shape = new ModelShape(IDENTITY, ConfigSpace.PCI_LENGTH).bar(0, BAR_SIZE, 0).pin().msi();
    if (canReset) {
      shape.resettable();
    }
  }

  @Override
  public ModelShape shape() {
    return shape;
  }

  @Override
  public void connect(ModelHost modelHost) {
    host = modelHost;
  }

  @Override
  public long read(int bar, long offset, int size) {
    if (size != Integer.BYTES && (offset < DMA_SOURCE || size != Long.BYTES)) {
      return NOTHING;
    }
    return switch ((int) offset) {
      case 0 -> IDENTIFICATION;
      case LIVENESS -> liveness;
      case FACTORIAL -> factorial;
      case STATUS -> status;
      case INTERRUPT_STATUS -> causes;
      case DMA_SOURCE -> dmaSource;
      case DMA_TARGET -> dmaTarget;
      case DMA_COUNT -> dmaCount;
      case DMA_COMMAND -> dmaCommand;
      default -> NOTHING;
    };
  }

  @Override
  public void write(int bar, long offset, int size, long value) {
    if (offset >= DMA_SOURCE && (size == Integer.BYTES || size == Long.BYTES)) {
      writeDma((int) offset, value);
    } else if (size == Integer.BYTES) {
      writeRegister((int) offset, (int) value);
    }
  }

  private void writeRegister(int offset, int value) {
    switch (offset) {
      case LIVENESS -> liveness = ~value;
      case FACTORIAL -> startFactorial(value);
      case STATUS -> status = (status & COMPUTING) | (value & INTERRUPT_WHEN_DONE);
      case RAISE -> raise(value);
      case ACKNOWLEDGE -> acknowledge(value);
      default -> {}
    }
  }

  private void startFactorial(int value) {
    if ((status & COMPUTING) != 0) {
      return;
    }
    factorial = value;
    status |= COMPUTING;
    host.later(this::computeFactorial);
  }

  private void computeFactorial() {
    int result = 1;
    // Beyond 33! all the 32 bits that are kept are zeros.
    for (int i = 2; Integer.compareUnsigned(i, factorial) <= 0 && result != 0; i++) {
      result *= i;
    }
    factorial = result;
    status &= ~COMPUTING;
    if ((status & INTERRUPT_WHEN_DONE) != 0) {
      raise(CAUSE_FACTORIAL);
    }
  }

  private void raise(int cause) {
    causes |= cause;
    if (causes == 0) {
      return;
    }
    if (host.isOn(VfioIrq.MSI)) {
      host.message(VfioIrq.MSI, 0);
    } else {
      host.pin(true);
    }
  }

  private void acknowledge(int cause) {
    causes &= ~cause;
    if (causes == 0) {
      host.pin(false);
    }
  }

  private void writeDma(int offset, long value) {
    if ((dmaCommand & DMA_RUN) != 0) {
      return;
    }
    switch (offset) {
      case DMA_SOURCE -> dmaSource = value;
      case DMA_TARGET -> dmaTarget = value;
      case DMA_COUNT -> dmaCount = value;
      case DMA_COMMAND -> {
        if ((value & DMA_RUN) != 0) {
          dmaCommand = value;
          host.later(this::transfer);
        }
      }
      default -> {}
    }
  }

  private void transfer() {
    boolean toMemory = (dmaCommand & DMA_TO_MEMORY) != 0;
    long at = (toMemory ? dmaSource : dmaTarget) - BUFFER;
    if (at >= 0 && dmaCount >= 0 && at <= BUFFER_LENGTH && dmaCount <= BUFFER_LENGTH - at) {
      byte[] bytes = new byte[(int) dmaCount];
      if (toMemory) {
        System.arraycopy(buffer, (int) at, bytes, 0, bytes.length);
        host.writeMemory(dmaTarget, bytes);
      } else if (host.readMemory(dmaSource, bytes)) {
        System.arraycopy(bytes, 0, buffer, (int) at, bytes.length);
      }
    }
    dmaCommand &= ~DMA_RUN;
    if ((dmaCommand & DMA_INTERRUPT) != 0) {
      raise(CAUSE_DMA);
    }
  }

  /** Computations that are under way end with it, or after it. */
  @Override
  public void reset() {
    liveness = 0;
    factorial = 0;
    status &= COMPUTING;
    dmaSource = 0;
    dmaTarget = 0;
    dmaCount = 0;
    dmaCommand &= DMA_RUN;
    Arrays.fill(buffer, (byte) 0);
    acknowledge(-1);
  }
}
