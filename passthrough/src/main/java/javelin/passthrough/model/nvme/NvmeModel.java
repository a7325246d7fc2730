package javelin.passthrough.model.nvme;

import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciIdentity;
import javelin.devices.virtio.blk.BlockBackend;
import javelin.passthrough.model.DeviceModel;
import javelin.passthrough.model.ModelHost;
import javelin.passthrough.model.ModelShape;

/**
 * An NVMe controller with one namespace on a disk of the host's (NVM Express Base 1.4).
 *
 * <pre>
 * BAR 0  64-bit, 16 KiB
 *   0x0000  controller registers
 *   0x1000  doorbells: tail of a submission queue, head of a completion queue, 32 bits each
 *   0x2000  MSI-X table
 *   0x3000  MSI-X pending bits
 * </pre>
 */
public final class NvmeModel implements DeviceModel {
  /** 1.4.0. */
  static final int VERSION = 0x0001_0400;

  private static final PciIdentity IDENTITY =
      new PciIdentity(0x1234, 0x4a4e, 0x010802, 1, 0x1234, 1);
  private static final long BAR_SIZE = 0x4000;
  private static final int TABLE = 0x2000;
  private static final int PENDING = 0x3000;
  private static final int DOORBELLS = 0x1000;

  private static final int CAP = 0x00;
  private static final int VS = 0x08;
  private static final int INTMS = 0x0c;
  private static final int INTMC = 0x10;
  private static final int CC = 0x14;
  private static final int CSTS = 0x1c;
  private static final int AQA = 0x24;
  private static final int ASQ = 0x28;
  private static final int ACQ = 0x30;

  /** Queues are contiguous, 10 s to get ready, the NVM command set, pages of 4 KiB. */
  private static final long CAPABILITIES =
      (Queues.MOST_ENTRIES - 1) | 1 << 16 | 20 << 24 | 1L << 37;

  private static final int CC_ENABLE = 1;
  private static final int CC_COMMAND_SET_AND_PAGES = 0x7f0;
  private static final int CC_SHUTDOWN = 3 << 14;
  private static final int CSTS_READY = 1;
  private static final int CSTS_FATAL = 1 << 1;
  private static final int CSTS_SHUT_DOWN = 2 << 2;
  private static final int CSTS_SHUTDOWN_MASK = 3 << 2;
  private static final int QUEUE_SIZE_MASK = 0xfff;
  private static final long QUEUE_ADDRESS_MASK = -DataBuffer.PAGE;
  private static final long LOW = 0xffff_ffffL;

  private final ModelShape shape =
      new ModelShape(IDENTITY, ConfigSpace.EXPRESS_LENGTH)
          .bar(0, BAR_SIZE, ModelShape.MEMORY_64)
          .pin()
          .powerManagement()
          .msix(Queues.VECTORS, 0, TABLE, PENDING, false)
          .express();
  private final Namespace namespace;
  private final Identity identity;
  private final Entry command = new Entry();
  private ModelHost host;
  private Queues queues;
  private AdminCommands admin;
  private IoCommands io;
  private int configuration;
  private int status;
  private int adminSizes;
  private long submissionAddress;
  private long completionAddress;
  private int lastQueue;
  private boolean isWorking;

  /**
   * A controller at power-on.
   *
   * @param disk whose channels do requests at once (aio=sync); it stays the caller's
   * @param serial up to 20 characters of ASCII
   */
  public NvmeModel(BlockBackend disk, String serial) {
    namespace = new Namespace(disk);
    identity = new Identity(serial, namespace);
  }

  @Override
  public ModelShape shape() {
    return shape;
  }

  @Override
  public void connect(ModelHost modelHost) {
    host = modelHost;
    DataBuffer data = new DataBuffer(host);
    queues = new Queues(host);
    admin = new AdminCommands(queues, identity, data);
    io = new IoCommands(namespace, data);
  }

  @Override
  public long read(int bar, long offset, int size) {
    int low = (int) offset & ~7;
    long both = (register(low) & LOW) | (long) register(low + Integer.BYTES) << Integer.SIZE;
    return both >>> ((offset & 7) * Byte.SIZE);
  }

  /** 32 bits of the registers; doorbells and what is reserved read as 0. */
  private int register(int offset) {
    return switch (offset) {
      case CAP -> (int) CAPABILITIES;
      case CAP + 4 -> (int) (CAPABILITIES >>> Integer.SIZE);
      case VS -> VERSION;
      case INTMS, INTMC -> queues.mask();
      case CC -> configuration;
      case CSTS -> status;
      case AQA -> adminSizes;
      case ASQ -> (int) submissionAddress;
      case ASQ + 4 -> (int) (submissionAddress >>> Integer.SIZE);
      case ACQ -> (int) completionAddress;
      case ACQ + 4 -> (int) (completionAddress >>> Integer.SIZE);
      default -> 0;
    };
  }

  /** Registers are written with 32 or 64 bits. */
  @Override
  public void write(int bar, long offset, int size, long value) {
    if ((offset & 3) != 0 || size < Integer.BYTES) {
      return;
    }
    writeRegister((int) offset, (int) value);
    if (size == Long.BYTES) {
      writeRegister((int) offset + Integer.BYTES, (int) (value >>> Integer.SIZE));
    }
  }

  private void writeRegister(int offset, int value) {
    if (offset >= DOORBELLS && offset < TABLE) {
      ring((offset - DOORBELLS) >> 2, Integer.toUnsignedLong(value));
      return;
    }
    switch (offset) {
      case INTMS -> queues.mask(queues.mask() | value);
      case INTMC -> queues.mask(queues.mask() & ~value);
      case CC -> configure(value);
      case AQA -> adminSizes = value;
      case ASQ -> submissionAddress = (submissionAddress & ~LOW) | (value & LOW);
      case ASQ + 4 -> submissionAddress = (submissionAddress & LOW) | (long) value << Integer.SIZE;
      case ACQ -> completionAddress = (completionAddress & ~LOW) | (value & LOW);
      case ACQ + 4 -> completionAddress = (completionAddress & LOW) | (long) value << Integer.SIZE;
      default -> {}
    }
  }

  private void configure(int value) {
    boolean wasEnabled = (configuration & CC_ENABLE) != 0;
    boolean isEnabled = (value & CC_ENABLE) != 0;
    configuration = value;
    if (isEnabled && !wasEnabled) {
      enable();
    } else if (!isEnabled && wasEnabled) {
      disable();
    }
    if ((value & CC_SHUTDOWN) != 0) {
      boolean isDurable = namespace.flush() == Status.SUCCESS;
      status = (status & ~CSTS_SHUTDOWN_MASK) | CSTS_SHUT_DOWN | (isDurable ? 0 : CSTS_FATAL);
    } else {
      status &= ~CSTS_SHUTDOWN_MASK;
    }
  }

  private void enable() {
    int submissionSize = (adminSizes & QUEUE_SIZE_MASK) + 1;
    int completionSize = (adminSizes >>> 16 & QUEUE_SIZE_MASK) + 1;
    if ((configuration & CC_COMMAND_SET_AND_PAGES) != 0
        || submissionSize < 2
        || completionSize < 2) {
      status |= CSTS_FATAL;
      return;
    }
    queues.enable(
        submissionAddress & QUEUE_ADDRESS_MASK,
        submissionSize,
        completionAddress & QUEUE_ADDRESS_MASK,
        completionSize);
    status |= CSTS_READY;
  }

  private void disable() {
    queues.disable();
    admin.reset();
    status = 0;
  }

  /** Doorbell 2n is of submission queue n, 2n + 1 of completion queue n. */
  private void ring(int doorbell, long value) {
    if ((status & CSTS_READY) == 0) {
      return;
    }
    if ((doorbell & 1) == 0) {
      queues.tail(doorbell >> 1, value);
    } else {
      queues.head(doorbell >> 1, value);
    }
    if (!isWorking && queues.ready(lastQueue) != null) {
      isWorking = true;
      host.later(this::work);
    }
  }

  /** Does one command, so that accesses come in between, and has the next one done. */
  private void work() {
    isWorking = false;
    SubmissionQueue queue = queues.ready(lastQueue);
    if (queue == null) {
      return;
    }
    lastQueue = queue.number();
    if (!queue.take(command)) {
      status |= CSTS_FATAL;
      return;
    }
    boolean isAdmin = queue.number() == 0;
    int result = isAdmin ? admin.handle(command) : io.handle(command);
    if (result != Status.NO_COMPLETION && queues.has(queue)) {
      queues.complete(queue, command.identifier(), result, isAdmin ? admin.result() : 0);
    }
    if (queues.ready(lastQueue) != null) {
      isWorking = true;
      host.later(this::work);
    }
  }

  @Override
  public void reset() {
    disable();
    configuration = 0;
    adminSizes = 0;
    submissionAddress = 0;
    completionAddress = 0;
  }
}
