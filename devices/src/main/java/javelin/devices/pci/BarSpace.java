package javelin.devices.pci;

import java.util.ArrayList;
import java.util.List;
import javelin.vmm.bus.IoHandler;
import javelin.vmm.bus.IoRange;
import javelin.vmm.bus.IoSpace;

/**
 * Where the BARs of all functions are placed: inside the host bridge's windows, each address by one
 * BAR only. A BAR that the guest puts elsewhere, or over another, is not decoded until it or the
 * other has moved; so no BAR ever covers RAM or a device that is not PCI.
 *
 * <p>One lock guards all placements. Order of locks: a function's, this, the address space's.
 */
public final class BarSpace {
  private final IoSpace ports;
  private final IoSpace mmio;
  private final List<AddressWindow> portWindows;
  private final List<AddressWindow> mmioWindows;
  private final List<Placement> placements = new ArrayList<>();

  /** BARs in {@code ports} and {@code mmio}, within the windows. */
  public BarSpace(
      IoSpace ports,
      IoSpace mmio,
      List<AddressWindow> portWindows,
      List<AddressWindow> mmioWindows) {
    this.ports = ports;
    this.mmio = mmio;
    this.portWindows = List.copyOf(portWindows);
    this.mmioWindows = List.copyOf(mmioWindows);
  }

  /** Where one BAR is; guarded by the space's lock. */
  final class Placement {
    private static final long NOWHERE = -1;

    private final boolean isPorts;
    private final long size;
    private final BarBacking backing;
    private long wanted = NOWHERE;
    private long placed = NOWHERE;

    private Placement(boolean isPorts, long size, BarBacking backing) {
      this.isPorts = isPorts;
      this.size = size;
      this.backing = backing;
    }

    /** Decodes the BAR at {@code address}. */
    void place(long address) {
      synchronized (BarSpace.this) {
        if (wanted != address) {
          wanted = address;
          settle(this);
        }
      }
    }

    /** Stops decoding it. */
    void withdraw() {
      place(NOWHERE);
    }

    /** Takes the BAR away for good. */
    void close() {
      synchronized (BarSpace.this) {
        withdraw();
        placements.remove(this);
      }
    }

    private boolean mayBePlaced() {
      if (wanted == NOWHERE || !isInWindow()) {
        return false;
      }
      for (Placement other : placements) {
        if (other != this
            && other.isPorts == isPorts
            && other.placed != NOWHERE
            && wanted < other.placed + other.size
            && other.placed < wanted + size) {
          return false;
        }
      }
      return true;
    }

    private boolean isInWindow() {
      for (AddressWindow window : isPorts ? portWindows : mmioWindows) {
        if (window.contains(wanted, size)) {
          return true;
        }
      }
      return false;
    }

    /** Follows {@link #wanted}; returns whether a place has become free. */
    private boolean follow() {
      if (placed == wanted) {
        return false;
      }
      boolean wasPlaced = placed != NOWHERE;
      if (!mayBePlaced()) {
        if (wasPlaced) {
          backing.unmap();
        }
        placed = NOWHERE;
      } else {
        boolean answers = wasPlaced ? backing.move(wanted) : backing.map(wanted);
        placed = answers ? wanted : NOWHERE;
      }
      return wasPlaced;
    }
  }

  /** Places one BAR, and then those that waited for the place that it has left. */
  private void settle(Placement changed) {
    boolean freed = changed.follow();
    while (freed) {
      freed = false;
      for (Placement other : placements) {
        freed |= other.follow();
      }
    }
  }

  /** A new BAR, not decoded yet. */
  synchronized Placement add(boolean isPorts, long size, BarBacking backing) {
    Placement placement = new Placement(isPorts, size, backing);
    placements.add(placement);
    return placement;
  }

  /** A backing of {@code size} bytes of MMIO that {@code handler} answers. */
  public BarBacking mmioRegisters(String name, long size, IoHandler handler) {
    return new Registers(mmio, name, size, handler);
  }

  /** A backing of {@code size} ports that {@code handler} answers. */
  public BarBacking portRegisters(String name, long size, IoHandler handler) {
    return new Registers(ports, name, size, handler);
  }

  /** Registers in an address space, which may have a device that is not PCI in the way. */
  private static final class Registers implements BarBacking {
    private final IoSpace space;
    private final String name;
    private final long size;
    private final IoHandler handler;
    private IoRange range;

    Registers(IoSpace space, String name, long size, IoHandler handler) {
      this.space = space;
      this.name = name;
      this.size = size;
      this.handler = handler;
    }

    @Override
    public boolean map(long address) {
      try {
        range = space.register(name, address, size, handler);
        return true;
      } catch (IllegalArgumentException e) {
        return false;
      }
    }

    @Override
    public void unmap() {
      if (range != null) {
        range.close();
        range = null;
      }
    }

    @Override
    public boolean move(long address) {
      try {
        range.move(address);
        return true;
      } catch (IllegalArgumentException e) {
        unmap();
        return false;
      }
    }
  }
}
