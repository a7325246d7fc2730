package javelin.devices.virtio.pci;

import java.util.function.Consumer;
import java.util.function.IntFunction;
import javelin.devices.pci.Capabilities;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.EmulatedFunction;
import javelin.devices.pci.Msix;
import javelin.devices.pci.PciAddress;
import javelin.devices.pci.PciIdentity;
import javelin.devices.pci.PciRegisters;
import javelin.devices.virtio.Reports;
import javelin.devices.virtio.VirtioKind;
import javelin.devices.virtio.VirtioState;
import javelin.vmm.bus.IoHandler;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.Resources;

/**
 * A virtio device as a PCI function, without the legacy interface (virtio 1.2, 4.1). One BAR holds
 * all its structures, the MSI-X table included: a vector for each queue and one for configuration
 * changes; without MSI-X it has INTA.
 *
 * <p>Threads: any vCPU's. Its lock guards the configuration space; accesses to the BAR take the
 * locks of what they reach. Order of locks: this, {@code BarSpace}, {@link CommonConfig}, {@link
 * VirtioState}, a queue's runner; then {@link Msix} and {@link PciInterrupts}, which take none of
 * these. The queues are served on event loops.
 */
public final class VirtioPciFunction extends EmulatedFunction implements AutoCloseable {
  private static final int VENDOR = 0x1af4;
  private static final int FIRST_DEVICE = 0x1040;
  private static final int SUBSYSTEM = 0x1100;
  private static final int REVISION = 1;
  private static final int PIN_A = 1;

  /** Fields of {@code struct virtio_pci_cap} (virtio 1.2, 4.1.4). */
  private static final int CAP_LENGTH = 2;

  private static final int CAP_TYPE = 3;
  private static final int CAP_BAR = 4;
  private static final int CAP_OFFSET = 8;
  private static final int CAP_AREA_LENGTH = 12;
  private static final int CAP_BYTES = 16;
  private static final int CAP_EXTRA = 16;
  private static final int CAP_BYTES_WITH_EXTRA = 20;

  private static final int TYPE_COMMON = 1;
  private static final int TYPE_NOTIFY = 2;
  private static final int TYPE_ISR = 3;
  private static final int TYPE_DEVICE = 4;
  private static final int TYPE_PCI_ACCESS = 5;

  private final VirtioKind device;
  private final VirtioState state;
  private final CommonConfig common;
  private final PciInterrupts interrupts;
  private final Msix msix;
  private final IoHandler registers = new Registers();
  private final Resources owned = new Resources();

  /** The capability by which the BAR is reached through the configuration space. */
  private final int access;

  /**
   * A function at power-on, for {@code address} of the guest's bus 0; the caller puts it there.
   *
   * @param device closed with this
   * @param loops what serves each of the device's queues, by its index; they stay the caller's, and
   *     open for longer than this
   */
  public VirtioPciFunction(
      VirtioKind device, VirtioMachine machine, PciAddress address, IntFunction<EventLoop> loops) {
    this(device, 0, machine, address, loops);
  }

  /**
   * As above.
   *
   * @param withheld features of {@link javelin.devices.virtio.VirtioFeature#COMMON} that are not
   *     offered
   */
  public VirtioPciFunction(
      VirtioKind device,
      long withheld,
      VirtioMachine machine,
      PciAddress address,
      IntFunction<EventLoop> loops) {
    super(identity(device), ConfigSpace.PCI_LENGTH, machine.pci().bars());
    this.device = device;
    Consumer<String> problems =
        new Reports(device.name() + " " + address, machine.problems(), System::nanoTime);
    try {
      msix =
          owned.own(
              new Msix(
                  machine.linux(), machine.vm(), machine.routes(), device.queues() + 1, problems));
      interrupts =
          new PciInterrupts(msix, machine.pci().intx().pin(address.device(), 0), device.queues());
    } catch (RuntimeException e) {
      owned.own(device);
      owned.closeAfter(e);
      throw e;
    }
    try {
      state =
          owned.own(
              new VirtioState(device, withheld, machine.memory(), loops, interrupts, problems));
      common = new CommonConfig(state, interrupts);
      config().set(PciRegisters.INTERRUPT_PIN, 1, PIN_A);
      addCapability(TYPE_COMMON, CAP_BYTES, VirtioBar.COMMON, CommonConfig.LENGTH);
      int notify =
          addCapability(
              TYPE_NOTIFY,
              CAP_BYTES_WITH_EXTRA,
              VirtioBar.NOTIFY,
              device.queues() * VirtioBar.NOTIFY_MULTIPLIER);
      config().set(notify + CAP_EXTRA, 4, VirtioBar.NOTIFY_MULTIPLIER);
      addCapability(TYPE_ISR, CAP_BYTES, VirtioBar.ISR, 1);
      if (device.configLength() > 0) {
        addCapability(TYPE_DEVICE, CAP_BYTES, VirtioBar.DEVICE, device.configLength());
      }
      access = addCapability(TYPE_PCI_ACCESS, CAP_BYTES_WITH_EXTRA, 0, 0);
      config()
          .writable(access + CAP_BAR, 1, 0xff)
          .writable(access + CAP_OFFSET, 4, -1)
          .writable(access + CAP_AREA_LENGTH, 4, -1)
          .writable(access + CAP_EXTRA, 4, -1);
      msix.addTo(config(), VirtioBar.INDEX, VirtioBar.MSIX_TABLE, VirtioBar.MSIX_PENDING);
      bars()
          .memory32(
              VirtioBar.INDEX,
              VirtioBar.LENGTH,
              false,
              new NotifyingBar(
                  machine.pci().bars().mmioRegisters(device.name(), VirtioBar.LENGTH, registers),
                  machine.vm(),
                  state));
      owned.own(bars());
      ready();
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  private static PciIdentity identity(VirtioKind device) {
    return new PciIdentity(
        VENDOR, FIRST_DEVICE + device.type(), device.pciClass(), REVISION, VENDOR, SUBSYSTEM);
  }

  private int addCapability(int type, int bytes, int offset, int length) {
    int at = config().addCapability(Capabilities.VENDOR, bytes);
    config()
        .set(at + CAP_LENGTH, 1, bytes)
        .set(at + CAP_TYPE, 1, type)
        .set(at + CAP_BAR, 1, VirtioBar.INDEX)
        .set(at + CAP_OFFSET, 4, offset)
        .set(at + CAP_AREA_LENGTH, 4, length);
    return at;
  }

  /** What answers in the BAR. */
  private final class Registers implements IoHandler {
    @Override
    public long read(long offset, int size) {
      int at = (int) offset % VirtioBar.AREA_LENGTH;
      return switch ((int) offset - at) {
        case VirtioBar.COMMON -> inHalves(true, at, size);
        case VirtioBar.ISR -> at == 0 ? interrupts.readIsr() : 0;
        case VirtioBar.DEVICE -> at + size <= device.configLength() ? inHalves(false, at, size) : 0;
        case VirtioBar.MSIX_TABLE -> msix.readTable(at, size);
        case VirtioBar.MSIX_PENDING -> msix.readPending(at, size);
        default -> 0;
      };
    }

    /** Fields have up to 32 bits, or are read in two halves. */
    private long inHalves(boolean isCommon, int at, int size) {
      if (size <= Integer.BYTES) {
        return isCommon ? common.read(at, size) : device.readConfig(at, size);
      }
      long low = inHalves(isCommon, at, Integer.BYTES);
      return low | inHalves(isCommon, at + Integer.BYTES, Integer.BYTES) << Integer.SIZE;
    }

    @Override
    public void write(long offset, int size, long value) {
      int at = (int) offset % VirtioBar.AREA_LENGTH;
      switch ((int) offset - at) {
        case VirtioBar.COMMON -> inHalves(true, at, size, value);
        case VirtioBar.DEVICE -> {
          if (at + size <= device.configLength()) {
            inHalves(false, at, size, value);
          }
        }
        case VirtioBar.NOTIFY -> {
          int queue = at / VirtioBar.NOTIFY_MULTIPLIER;
          if (queue < state.queues()) {
            state.kick(queue);
          }
        }
        case VirtioBar.MSIX_TABLE -> msix.writeTable(at, size, value);
        default -> {}
      }
    }

    private void inHalves(boolean isCommon, int at, int size, long value) {
      if (size > Integer.BYTES) {
        inHalves(isCommon, at, Integer.BYTES, value & 0xffff_ffffL);
        inHalves(isCommon, at + Integer.BYTES, Integer.BYTES, value >>> Integer.SIZE);
      } else if (isCommon) {
        common.write(at, size, value);
      } else {
        device.writeConfig(at, size, value);
      }
    }
  }

  @Override
  protected void configReading(int offset, int size) {
    if (overlaps(offset, size, PciRegisters.STATUS, 2)) {
      long status = config().read(PciRegisters.STATUS, 2) & ~PciRegisters.STATUS_INTERRUPT;
      config()
          .set(
              PciRegisters.STATUS,
              2,
              interrupts.isPinWanted() ? status | PciRegisters.STATUS_INTERRUPT : status);
    }
    if (overlaps(offset, size, access + CAP_EXTRA, Integer.BYTES) && isAccessValid()) {
      config()
          .set(access + CAP_EXTRA, accessLength(), registers.read(accessOffset(), accessLength()));
    }
  }

  @Override
  protected void configWritten(int offset, int size) {
    if (msix.covers(offset)) {
      msix.follow(config());
    }
    if (msix.covers(offset) || overlaps(offset, size, PciRegisters.COMMAND, 2)) {
      followCommand();
    }
    if (overlaps(offset, size, access + CAP_EXTRA, Integer.BYTES) && isAccessValid()) {
      registers.write(
          accessOffset(), accessLength(), config().read(access + CAP_EXTRA, accessLength()));
    }
  }

  private void followCommand() {
    long command = config().read(PciRegisters.COMMAND, 2);
    interrupts.refresh((command & PciRegisters.COMMAND_INTX_DISABLE) != 0);
    state.mayAccessMemory((command & PciRegisters.COMMAND_MASTER) != 0);
  }

  private static boolean overlaps(int offset, int size, int register, int length) {
    return offset < register + length && register < offset + size;
  }

  /** Whether the access that the guest has set up is inside the BAR, and aligned. */
  private boolean isAccessValid() {
    long length = config().read(access + CAP_AREA_LENGTH, 4);
    long offset = accessOffset();
    return config().read(access + CAP_BAR, 1) == VirtioBar.INDEX
        && (length == 1 || length == 2 || length == Integer.BYTES)
        && offset % length == 0
        && offset <= VirtioBar.LENGTH - length;
  }

  private long accessOffset() {
    return config().read(access + CAP_OFFSET, 4);
  }

  private int accessLength() {
    return (int) config().read(access + CAP_AREA_LENGTH, 4);
  }

  /** Back to power-on, when requests that are being served are done. */
  @Override
  public synchronized void reset() {
    common.reset();
    msix.reset();
    super.reset();
    followCommand();
  }

  /** Takes the function out of the guest's reach and closes the device. */
  @Override
  public synchronized void close() {
    owned.close();
    interrupts.reset();
  }
}
