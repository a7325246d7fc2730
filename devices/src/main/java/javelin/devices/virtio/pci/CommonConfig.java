package javelin.devices.virtio.pci;

import javelin.devices.virtio.QueueRegister;
import javelin.devices.virtio.VirtioState;

/**
 * The common configuration structure (virtio 1.2, 4.1.4.3) over a {@link VirtioState}. Fields
 * answer accesses of their own width; those of 64 bits, of each half.
 *
 * <pre>
 *  00 device_feature_select  04 device_feature   08 driver_feature_select  0c driver_feature
 *  10 config_msix_vector     12 num_queues       14 device_status          15 config_generation
 *  16 queue_select           18 queue_size       1a queue_msix_vector      1c queue_enable
 *  1e queue_notify_off       20 queue_desc       28 queue_driver           30 queue_device
 *  38 queue_notify_data      3a queue_reset
 * </pre>
 *
 * <p>The object's lock guards the selectors; those of the state and the interrupts are taken inside
 * it.
 */
final class CommonConfig {
  /** Bytes of the structure. */
  static final int LENGTH = 0x3c;

  private static final int DEVICE_FEATURE_SELECT = 0x00;
  private static final int DEVICE_FEATURE = 0x04;
  private static final int DRIVER_FEATURE_SELECT = 0x08;
  private static final int DRIVER_FEATURE = 0x0c;
  private static final int CONFIG_VECTOR = 0x10;
  private static final int NUM_QUEUES = 0x12;
  private static final int STATUS = 0x14;
  private static final int GENERATION = 0x15;
  private static final int QUEUE_SELECT = 0x16;
  private static final int QUEUE_SIZE = 0x18;
  private static final int QUEUE_VECTOR = 0x1a;
  private static final int QUEUE_ENABLE = 0x1c;
  private static final int QUEUE_NOTIFY_OFF = 0x1e;
  private static final int QUEUE_DESCRIPTORS = 0x20;
  private static final int QUEUE_DRIVER = 0x28;
  private static final int QUEUE_DEVICE = 0x30;
  private static final int QUEUE_RESET = 0x3a;
  private static final int HALF = 4;

  private static final long LOW_HALF = 0xffff_ffffL;

  private final VirtioState state;
  private final PciInterrupts interrupts;
  private long deviceFeatureSelect;
  private long driverFeatureSelect;
  private int queueSelect;

  CommonConfig(VirtioState state, PciInterrupts interrupts) {
    this.state = state;
    this.interrupts = interrupts;
  }

  /** A field's width in bytes; 0 where none starts. */
  private static int width(int offset) {
    return switch (offset) {
      case STATUS, GENERATION -> 1;
      case CONFIG_VECTOR,
          NUM_QUEUES,
          QUEUE_SELECT,
          QUEUE_SIZE,
          QUEUE_VECTOR,
          QUEUE_ENABLE,
          QUEUE_NOTIFY_OFF,
          QUEUE_RESET - 2,
          QUEUE_RESET ->
          2;
      case DEVICE_FEATURE_SELECT,
          DEVICE_FEATURE,
          DRIVER_FEATURE_SELECT,
          DRIVER_FEATURE,
          QUEUE_DESCRIPTORS,
          QUEUE_DESCRIPTORS + HALF,
          QUEUE_DRIVER,
          QUEUE_DRIVER + HALF,
          QUEUE_DEVICE,
          QUEUE_DEVICE + HALF ->
          4;
      default -> 0;
    };
  }

  /** A read; other widths than a field's own give zeros. */
  synchronized long read(int offset, int size) {
    if (width(offset) != size) {
      return 0;
    }
    return switch (offset) {
      case DEVICE_FEATURE_SELECT -> deviceFeatureSelect;
      case DEVICE_FEATURE -> word(state.offered(), deviceFeatureSelect);
      case DRIVER_FEATURE_SELECT -> driverFeatureSelect;
      case DRIVER_FEATURE -> word(state.accepted(), driverFeatureSelect);
      case CONFIG_VECTOR -> interrupts.configVector();
      case NUM_QUEUES -> state.queues();
      case STATUS -> state.status();
      case GENERATION -> state.generation() & 0xff;
      case QUEUE_SELECT -> queueSelect;
      case QUEUE_SIZE -> state.read(queueSelect, QueueRegister.SIZE);
      case QUEUE_VECTOR -> interrupts.queueVector(queueSelect);
      case QUEUE_ENABLE -> state.read(queueSelect, QueueRegister.ENABLED);
      case QUEUE_NOTIFY_OFF -> queueSelect < state.queues() ? queueSelect : 0;
      case QUEUE_DESCRIPTORS -> state.read(queueSelect, QueueRegister.DESCRIPTORS);
      case QUEUE_DESCRIPTORS + HALF -> high(QueueRegister.DESCRIPTORS);
      case QUEUE_DRIVER -> state.read(queueSelect, QueueRegister.DRIVER);
      case QUEUE_DRIVER + HALF -> high(QueueRegister.DRIVER);
      case QUEUE_DEVICE -> state.read(queueSelect, QueueRegister.DEVICE);
      case QUEUE_DEVICE + HALF -> high(QueueRegister.DEVICE);
      // Notifications carry no data, and a queue's reset is over when the write that asked for it
      // is.
      default -> 0;
    };
  }

  private static long word(long features, long select) {
    return select > 1 ? 0 : features >>> (Integer.SIZE * select) & LOW_HALF;
  }

  private long high(QueueRegister register) {
    return state.read(queueSelect, register) >>> Integer.SIZE;
  }

  /** A write; other widths than a field's own do nothing. */
  synchronized void write(int offset, int size, long value) {
    if (width(offset) != size) {
      return;
    }
    switch (offset) {
      case DEVICE_FEATURE_SELECT -> deviceFeatureSelect = value;
      case DRIVER_FEATURE_SELECT -> driverFeatureSelect = value;
      case DRIVER_FEATURE -> acceptFeatures(value);
      case CONFIG_VECTOR -> interrupts.configVector((int) value);
      case STATUS -> status((int) value);
      case QUEUE_SELECT -> queueSelect = (int) value;
      case QUEUE_SIZE -> state.write(queueSelect, QueueRegister.SIZE, value, LOW_HALF);
      case QUEUE_VECTOR -> interrupts.queueVector(queueSelect, (int) value);
      case QUEUE_ENABLE -> {
        if (value == 1) {
          state.enable(queueSelect);
        }
      }
      case QUEUE_DESCRIPTORS -> low(QueueRegister.DESCRIPTORS, value);
      case QUEUE_DESCRIPTORS + HALF -> high(QueueRegister.DESCRIPTORS, value);
      case QUEUE_DRIVER -> low(QueueRegister.DRIVER, value);
      case QUEUE_DRIVER + HALF -> high(QueueRegister.DRIVER, value);
      case QUEUE_DEVICE -> low(QueueRegister.DEVICE, value);
      case QUEUE_DEVICE + HALF -> high(QueueRegister.DEVICE, value);
      case QUEUE_RESET -> {
        if (value == 1 && state.resetQueue(queueSelect)) {
          interrupts.queueVector(queueSelect, PciInterrupts.NO_VECTOR);
        }
      }
      default -> {}
    }
  }

  private void low(QueueRegister register, long value) {
    state.write(queueSelect, register, value, LOW_HALF);
  }

  private void high(QueueRegister register, long value) {
    state.write(queueSelect, register, value << Integer.SIZE, ~LOW_HALF);
  }

  private void acceptFeatures(long value) {
    if (driverFeatureSelect <= 1) {
      int shift = Integer.SIZE * (int) driverFeatureSelect;
      state.accept((state.accepted() & ~(LOW_HALF << shift)) | value << shift);
    }
  }

  private void status(int value) {
    state.status(value);
    if (value == 0) {
      interrupts.reset();
      deviceFeatureSelect = 0;
      driverFeatureSelect = 0;
      queueSelect = 0;
    }
  }

  /** Back to power-on. */
  synchronized void reset() {
    status(0);
  }
}
