package javelin.passthrough.assigned;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javelin.devices.pci.BarBacking;
import javelin.devices.pci.BarSet;
import javelin.devices.pci.BarSpace;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciRegisters;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioDoorbell;
import javelin.passthrough.vfio.VfioException;
import javelin.passthrough.vfio.VfioRegion;
import javelin.passthrough.vfio.VfioRegion.Area;
import javelin.vmm.bus.IoHandler;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Mapping;
import javelin.vmm.linux.Resources;

/**
 * The BARs and the expansion ROM of an assigned function: memory is mapped where it can be, and all
 * else trapped.
 *
 * <p>The function's lock guards them, but for what {@link AssignedBar} guards itself.
 */
final class AssignedBars implements AutoCloseable {
  private static final long PAGE = 4096;

  private static final int BAR_IO = 0x1;
  private static final int BAR_64 = 0x4;
  private static final int BAR_PREFETCHABLE = 0x8;

  private final VfioDevice device;
  private final GuestSide guest;
  private final AssignOptions options;
  private final BarSpace space;
  private final BarSet registers;
  private final List<AssignedBar> bars = new ArrayList<>();
  private final Resources owned = new Resources();

  /** None yet; their registers will be in {@code config}. */
  AssignedBars(VfioDevice device, GuestSide guest, AssignOptions options, ConfigSpace config) {
    this.device = device;
    this.guest = guest;
    this.options = options;
    space = guest.pci().bars();
    registers = new BarSet(config, space);
  }

  /**
   * Adds those of the device, and the ROM.
   *
   * @param interrupts have registers in BARs, and are told of accesses
   * @throws VfioException where one cannot be had
   */
  void add(AssignedInterrupts interrupts) {
    try {
      for (int i = 0; i < BarSet.COUNT; i++) {
        if (device.region(i).isPresent()) {
          addBar(device.region(i), interrupts);
        }
      }
      addRom();
    } catch (IllegalArgumentException e) {
      throw new VfioException(device.name() + " cannot be assigned: " + e.getMessage(), e);
    } finally {
      // Last, so that they leave the guest before what is behind them is unmapped.
      owned.own(registers);
    }
  }

  private void addBar(VfioRegion region, AssignedInterrupts interrupts) {
    int index = region.index();
    int register = PciRegisters.BAR_0 + index * Integer.BYTES;
    long flags = device.read(VfioRegion.CONFIG, register, Integer.BYTES);
    IoHandler own = new RegionHandler(index, interrupts);
    if ((flags & BAR_IO) != 0) {
      BarBacking trap = space.portRegisters(name(region), region.size(), own);
      BarDoorbells doorbells = doorbells(region, KvmVm.Doorbell.PORT, List.of());
      registers.io(index, region.size(), add(region, trap, List.of(), doorbells));
      return;
    }
    boolean isPrefetchable = (flags & BAR_PREFETCHABLE) != 0;
    BarBacking backing = memory(region, own, interrupts.parts(index));
    if ((flags & BAR_64) != 0) {
      registers.memory64(index, region.size(), isPrefetchable, backing);
    } else {
      registers.memory32(index, region.size(), isPrefetchable, backing);
    }
  }

  private AssignedBar memory(VfioRegion region, IoHandler own, List<BarPart> parts) {
    IoHandler handler = parts.isEmpty() ? own : new PartsHandler(own, parts);
    BarBacking trap = space.mmioRegisters(name(region), region.size(), handler);
    List<Area> trapped = parts.stream().map(BarPart::area).toList();
    BarDoorbells doorbells = doorbells(region, KvmVm.Doorbell.MMIO, trapped);
    return add(region, trap, mapped(region, trapped), doorbells);
  }

  private AssignedBar add(
      VfioRegion region, BarBacking trap, List<AssignedBar.Part> parts, BarDoorbells doorbells) {
    AssignedBar bar = owned.own(new AssignedBar(name(region), trap, parts, doorbells, guest));
    bars.add(bar);
    return bar;
  }

  /** Those that meet no register of Javelin's own. */
  private BarDoorbells doorbells(VfioRegion region, KvmVm.Doorbell kind, List<Area> trapped) {
    List<VfioDoorbell> found =
        options.mapBars() ? device.doorbells(region.index()) : List.<VfioDoorbell>of();
    List<VfioDoorbell> free =
        found.stream()
            .filter(
                bell ->
                    trapped.stream()
                        .noneMatch(
                            area -> bell.offset() < area.end() && area.offset() < bell.end()))
            .toList();
    return new BarDoorbells(name(region), kind, free, guest);
  }

  private List<AssignedBar.Part> mapped(VfioRegion region, List<Area> trapped) {
    List<AssignedBar.Part> parts = new ArrayList<>();
    if (!options.mapBars()) {
      return parts;
    }
    for (Area area : AssignedBar.without(region.areas(), trapped, PAGE)) {
      try {
        Mapping mapping = device.map(region.index(), area.offset(), area.length());
        parts.add(new AssignedBar.Part(area.offset(), mapping));
      } catch (ErrnoException e) {
        guest.problems().accept(name(region) + " is trapped in part: " + e.getMessage());
      }
    }
    return parts;
  }

  private String name(VfioRegion region) {
    return device.name() + " BAR " + region.index();
  }

  private void addRom() {
    RomOption rom = options.rom();
    switch (rom.kind()) {
      case OFF -> {}
      case DEVICE -> {
        if (device.region(VfioRegion.ROM).isPresent()) {
          DeviceRom own = new DeviceRom(device);
          addRom(own.size(), own);
        } else {
          guest.problems().accept(device.name() + " has no expansion ROM that the host can read");
        }
      }
      case FILE -> {
        RomImage image = romImage(rom.file());
        addRom(image.size(), image);
      }
    }
  }

  private RomImage romImage(Path file) {
    try {
      return RomImage.read(file);
    } catch (IllegalArgumentException e) {
      throw new VfioException(device.name() + ",rom=" + file + ": " + e.getMessage(), e);
    }
  }

  private void addRom(long size, IoHandler handler) {
    registers.rom(size, space.mmioRegisters(device.name() + " ROM", size, handler));
  }

  /** Places each where its register and the command register say. */
  void place() {
    registers.refresh();
  }

  /** Says whether the device answers at all; while it does not, all accesses are trapped. */
  void reachable(boolean nowReachable) {
    bars.forEach(bar -> bar.reachable(nowReachable));
  }

  /** Says whether all accesses are to be trapped; needs no lock. */
  void trapped(boolean nowTrapped) {
    bars.forEach(bar -> bar.trapped(nowTrapped));
  }

  /** Takes them out of the guest, and unmaps them. */
  @Override
  public void close() {
    owned.close();
  }

  /** Trapped accesses go to the device as they are. */
  private final class RegionHandler implements IoHandler {
    private final int region;
    private final AssignedInterrupts interrupts;

    RegionHandler(int region, AssignedInterrupts interrupts) {
      this.region = region;
      this.interrupts = interrupts;
    }

    @Override
    public long read(long offset, int size) {
      long value = device.read(region, offset, size);
      interrupts.accessed();
      return value;
    }

    @Override
    public void write(long offset, int size, long value) {
      device.write(region, offset, size, value);
      interrupts.accessed();
    }
  }

  /** A BAR in which some registers are Javelin's. */
  private static final class PartsHandler implements IoHandler {
    private final IoHandler own;
    private final BarPart[] parts;

    PartsHandler(IoHandler own, List<BarPart> parts) {
      this.own = own;
      this.parts = parts.toArray(new BarPart[0]);
    }

    private BarPart find(long offset) {
      for (BarPart part : parts) {
        if (offset >= part.area().offset() && offset < part.area().end()) {
          return part;
        }
      }
      return null;
    }

    @Override
    public long read(long offset, int size) {
      BarPart part = find(offset);
      return part == null
          ? own.read(offset, size)
          : part.handler().read(offset - part.area().offset(), size);
    }

    @Override
    public void write(long offset, int size, long value) {
      BarPart part = find(offset);
      if (part == null) {
        own.write(offset, size, value);
      } else {
        part.handler().write(offset - part.area().offset(), size, value);
      }
    }
  }
}
