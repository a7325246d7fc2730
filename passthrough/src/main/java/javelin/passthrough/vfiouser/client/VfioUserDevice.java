package javelin.passthrough.vfiouser.client;

import static javelin.passthrough.vfiouser.wire.MessageHeader.LENGTH;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import javelin.devices.pci.BarSet;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciRegisters;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioDoorbell;
import javelin.passthrough.vfio.VfioException;
import javelin.passthrough.vfio.VfioInfo;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioRegion;
import javelin.passthrough.vfio.VfioStructs;
import javelin.passthrough.vfiouser.wire.Command;
import javelin.passthrough.vfiouser.wire.Payloads;
import javelin.passthrough.vfiouser.wire.PeerException;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.DescriptorSocket;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Mapping;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A device that a server has. What the server says of it is checked before it is believed; once the
 * server is gone, the device reads as all ones and takes what comes.
 */
final class VfioUserDevice implements VfioDevice {
  private static final int PAGE = 4096;
  private static final int REGIONS = VfioRegion.CONFIG + 1;
  private static final int IRQS = VfioIrq.REQUEST + 1;

  /** Most vectors of a function (PCI Local Bus 3.0, 6.8.2). */
  private static final int MOST_VECTORS = 2048;

  private static final int LONGEST_INFO = 4096;

  private final String name;
  private final ClientConnection connection;
  private final Linux linux;
  private final Consumer<String> say;
  private final IntxUnmasker unmasker;
  private final boolean canReset;
  private final VfioRegion[] regions = new VfioRegion[REGIONS];

  /** By region; null where nothing of it can be mapped. */
  private final Fd[] files = new Fd[REGIONS];

  private final long[] offsets = new long[REGIONS];
  private final VfioIrq[] irqs = new VfioIrq[IRQS];

  /** By BAR; the eventfds are this object's. */
  private final List<List<VfioDoorbell>> doorbells = new ArrayList<>();

  private final List<EventFd> doorbellEvents = new ArrayList<>();

  /**
   * Asks a server what it has.
   *
   * @param connection this object's from here on, also where it throws
   * @param loop relays the guest's word that it has acknowledged the pin
   * @param say told, in a line, what cannot be mapped
   * @throws VfioException where it is no device for a guest
   */
  VfioUserDevice(
      Linux linux, String name, ClientConnection connection, EventLoop loop, Consumer<String> say) {
    this.linux = linux;
    this.name = name;
    this.connection = connection;
    this.say = say;
    unmasker = new IntxUnmasker(loop, this::unmaskIfThere);
    try {
      synchronized (connection) {
        connection.agree();
        canReset = askDevice();
        resetIfPossible();
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private boolean askDevice() {
    UnsafeBuffer request = info(Payloads.INFO_LENGTH);
    request.putInt(LENGTH + VfioStructs.ARGSZ, Payloads.INFO_LENGTH);
    ask(Command.DEVICE_GET_INFO, Payloads.INFO_LENGTH, Payloads.INFO_LENGTH);
    UnsafeBuffer reply = connection.reply();
    int flags = reply.getInt(VfioStructs.FLAGS);
    int regionCount = reply.getInt(VfioStructs.DEVICE_REGIONS);
    int irqCount = reply.getInt(VfioStructs.DEVICE_IRQS);
    if ((flags & VfioStructs.DEVICE_FLAG_PCI) == 0) {
      throw refused("says that the device is no PCI device");
    }
    for (int i = 0; i < REGIONS; i++) {
      regions[i] = i < regionCount ? askRegion(i) : VfioRegion.absent(i);
    }
    for (int i = 0; i < IRQS; i++) {
      irqs[i] = i < irqCount ? askIrq(i) : VfioIrq.absent(i);
    }
    if (regions[VfioRegion.CONFIG].size() < ConfigSpace.PCI_LENGTH) {
      throw refused(
          "says that the configuration space has "
              + regions[VfioRegion.CONFIG].size()
              + " bytes; it has 256 or 4096");
    }
    askDoorbells();
    return (flags & VfioStructs.DEVICE_FLAG_RESET) != 0;
  }

  /** As the kernel does when a device is opened: nobody knows what a client before has left. */
  private void resetIfPossible() {
    if (canReset) {
      ask(Command.DEVICE_RESET, 0, 0);
    }
  }

  /** A request of zeros. */
  private UnsafeBuffer info(int length) {
    UnsafeBuffer request = connection.request();
    request.setMemory(LENGTH, length, (byte) 0);
    return request;
  }

  /** Asks while the device is opened; returns the reply's length, {@code least} at least. */
  private int ask(Command command, int length, int least) {
    int result = connection.call(command, length, List.of());
    connection.requireOpened(command, result);
    if (result < least) {
      throw refused(
          "answers "
              + command.symbol()
              + " with "
              + result
              + " bytes, and "
              + least
              + " were to come");
    }
    return result;
  }

  private VfioException refused(String what) {
    return new VfioException(name + " cannot be assigned: its server " + what);
  }

  private VfioRegion askRegion(int index) {
    int length = VfioStructs.REGION_LENGTH;
    int known = length;
    for (int i = 0; i < 2; i++) {
      UnsafeBuffer request = info(length);
      request.putInt(LENGTH + VfioStructs.ARGSZ, known);
      request.putInt(LENGTH + VfioStructs.INDEX, index);
      int received = ask(Command.DEVICE_GET_REGION_INFO, length, length);
      int needed = connection.reply().getInt(VfioStructs.ARGSZ);
      if (i == 0 && needed > received && needed <= LONGEST_INFO) {
        CloseHelper.quietCloseAll(connection.takeDescriptors());
        known = needed;
        continue;
      }
      break;
    }
    List<Fd> descriptors = connection.takeDescriptors();
    try {
      UnsafeBuffer reply = connection.reply();
      VfioRegion said =
          VfioRegion.of(index, new VfioInfo(reply, VfioStructs.REGION_CAPABILITY_OFFSET));
      if (said.size() < 0) {
        throw refused(String.format("says that region %d has 0x%x bytes", index, said.size()));
      }
      offsets[index] = reply.getLong(VfioStructs.REGION_OFFSET);
      return withWhatCanBeMapped(said, descriptors);
    } finally {
      descriptors.stream().filter(fd -> fd != files[index]).forEach(CloseHelper::quietClose);
    }
  }

  /**
   * Of the areas that the server offers, those that a guest may have: all in the region and in the
   * file, which never gets shorter. An access beyond its end would stop the guest.
   */
  private VfioRegion withWhatCanBeMapped(VfioRegion said, List<Fd> descriptors) {
    int index = said.index();
    if (said.areas().isEmpty()) {
      return said;
    }
    String problem = null;
    if (descriptors.size() != 1) {
      problem = "gives no file for it";
    } else if (!linux.isSealed(descriptors.get(0))) {
      problem = "gives a file that can get shorter (without F_SEAL_SHRINK)";
    } else if (!fit(said, offsets[index], linux.length(descriptors.get(0)))) {
      problem = "gives areas beyond its end, or that of the file, or not on pages";
    }
    if (problem != null) {
      say.accept(name + " BAR " + index + " is trapped, not mapped: its server " + problem);
      return new VfioRegion(index, said.size(), said.flags(), List.of());
    }
    files[index] = descriptors.get(0);
    return said;
  }

  private static boolean fit(VfioRegion region, long base, long fileLength) {
    long last = 0;
    for (VfioRegion.Area area : region.areas()) {
      long offset = area.offset();
      long length = area.length();
      if (offset < last
          || length <= 0
          || length > region.size()
          || offset > region.size() - length
          || ((offset | length | base) & (PAGE - 1)) != 0
          || base < 0
          || base > fileLength - length
          || offset > fileLength - length - base) {
        return false;
      }
      last = area.end();
    }
    return true;
  }

  private VfioIrq askIrq(int index) {
    UnsafeBuffer request = info(VfioStructs.IRQ_LENGTH);
    request.putInt(LENGTH + VfioStructs.ARGSZ, VfioStructs.IRQ_LENGTH);
    request.putInt(LENGTH + VfioStructs.INDEX, index);
    ask(Command.DEVICE_GET_IRQ_INFO, VfioStructs.IRQ_LENGTH, VfioStructs.IRQ_LENGTH);
    UnsafeBuffer reply = connection.reply();
    int count = reply.getInt(VfioStructs.IRQ_COUNT);
    if (count < 0 || count > MOST_VECTORS) {
      throw refused("says that interrupt " + index + " has " + count + " vectors");
    }
    return new VfioIrq(index, count, reply.getInt(VfioStructs.FLAGS));
  }

  /** A server that does not know the question has none. */
  private void askDoorbells() {
    boolean isKnown = true;
    for (int i = 0; i < BarSet.COUNT; i++) {
      List<VfioDoorbell> offered = List.of();
      if (isKnown && regions[i].isPresent()) {
        UnsafeBuffer request = info(Payloads.IO_FDS_LENGTH);
        request.putInt(LENGTH + VfioStructs.ARGSZ, IoFds.LONGEST);
        request.putInt(LENGTH + VfioStructs.INDEX, i);
        Command command = Command.DEVICE_GET_REGION_IO_FDS;
        int result = connection.call(command, Payloads.IO_FDS_LENGTH, List.of());
        isKnown = result >= 0;
        if (isKnown) {
          offered = takeDoorbells(i);
        } else if (result == ClientConnection.GONE) {
          connection.requireOpened(command, result);
        }
      }
      doorbells.add(offered);
    }
  }

  private List<VfioDoorbell> takeDoorbells(int index) {
    List<EventFd> events = new ArrayList<>();
    for (Fd descriptor : connection.takeDescriptors()) {
      events.add(linux.eventFd(descriptor));
    }
    doorbellEvents.addAll(events);
    if (!events.stream().allMatch(event -> HostFiles.system().isEventFd(event.fd()))) {
      throw refused("gives a file for a doorbell of BAR " + index + " that is no eventfd");
    }
    byte[] payload = new byte[connection.reply().capacity()];
    connection.reply().getBytes(0, payload);
    // The next question would lie over the answer.
    boolean isPort = !events.isEmpty() && isPortBar(index);
    connection.requireOpened(Command.REGION_READ, 0);
    try {
      IoFds offered = new IoFds(new UnsafeBuffer(payload), regions[index], isPort, events);
      List<VfioDoorbell> found = List.copyOf(offered.read());
      if (offered.unknown() != 0) {
        say.accept(
            name
                + " BAR "
                + index
                + " is trapped in part: its server offers "
                + offered.unknown()
                + " sub-regions by other means than ioeventfds");
      }
      return found;
    } catch (PeerException e) {
      throw refused(e.getMessage());
    }
  }

  private boolean isPortBar(int index) {
    int register = PciRegisters.BAR_0 + index * Integer.BYTES;
    return (read(VfioRegion.CONFIG, register, Integer.BYTES) & 1) != 0;
  }

  @Override
  public List<VfioDoorbell> doorbells(int region) {
    return region < doorbells.size() ? doorbells.get(region) : List.of();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean canReset() {
    return canReset;
  }

  @Override
  public String resetter() {
    return "its server";
  }

  @Override
  public VfioRegion region(int index) {
    return index < REGIONS ? regions[index] : VfioRegion.absent(index);
  }

  @Override
  public VfioIrq irq(int index) {
    return index < IRQS ? irqs[index] : VfioIrq.absent(index);
  }

  private boolean isWithin(int region, long offset, int size) {
    return offset >= 0 && offset <= regions[region].size() - size;
  }

  /** The request for an access, without data. The caller holds the lock. */
  private UnsafeBuffer access(int region, long offset, int size) {
    UnsafeBuffer request = connection.request();
    request.putLong(LENGTH, offset);
    request.putInt(LENGTH + Payloads.REGION_INDEX, region);
    request.putInt(LENGTH + Payloads.REGION_COUNT, size);
    return request;
  }

  @Override
  public long read(int region, long offset, int size) {
    long nothing = -1L >>> (Long.SIZE - size * Byte.SIZE);
    if (!isWithin(region, offset, size)) {
      return nothing;
    }
    synchronized (connection) {
      access(region, offset, size);
      int length = connection.call(Command.REGION_READ, Payloads.REGION_DATA, List.of());
      if (length < 0 || !isAnswered(length, Payloads.REGION_DATA + size, size)) {
        return nothing;
      }
      UnsafeBuffer reply = connection.reply();
      return switch (size) {
        case Byte.BYTES -> reply.getByte(Payloads.REGION_DATA) & 0xffL;
        case Short.BYTES -> reply.getShort(Payloads.REGION_DATA) & 0xffffL;
        case Integer.BYTES -> Integer.toUnsignedLong(reply.getInt(Payloads.REGION_DATA));
        default -> reply.getLong(Payloads.REGION_DATA);
      };
    }
  }

  @Override
  public void write(int region, long offset, int size, long value) {
    if (!isWithin(region, offset, size)) {
      return;
    }
    synchronized (connection) {
      // The bytes behind those of the value are not sent.
      access(region, offset, size).putLong(LENGTH + Payloads.REGION_DATA, value);
      int length = connection.call(Command.REGION_WRITE, Payloads.REGION_DATA + size, List.of());
      // What the server refuses the guest sees as a device that does not take it, as on a bus.
      if (length >= 0) {
        isAnswered(length, Payloads.REGION_DATA, size);
      }
    }
  }

  /** Whether an access has the answer that it must have; a server that gives another is dropped. */
  private boolean isAnswered(int length, int expected, int size) {
    if (length == expected && connection.reply().getInt(Payloads.REGION_COUNT) == size) {
      return true;
    }
    connection.lose(
        "has answered an access of "
            + size
            + " bytes with a message of "
            + length
            + ", and "
            + expected
            + " were to come");
    return false;
  }

  @Override
  public Mapping map(int region, long offset, long length) {
    Fd file = files[region];
    if (file == null) {
      throw new ErrnoException("mmap", name + " region " + region, Errno.EINVAL.number());
    }
    return linux.map(
        file,
        offsets[region] + offset,
        length,
        Linux.PROT_READ | Linux.PROT_WRITE,
        Linux.MAP_SHARED);
  }

  /**
   * A message takes a few eventfds only, and either one for each vector that it names or none, for
   * vectors that are to be silent.
   */
  @Override
  public void trigger(int irq, int start, List<EventFd> events) {
    int most =
        Math.max(1, Math.min(connection.mostDescriptors(), DescriptorSocket.MOST_DESCRIPTORS));
    List<Fd> files = new ArrayList<>();
    synchronized (connection) {
      if (events.size() > most) {
        // The first message says how many vectors there are to be.
        setTriggers(irq, start, events.size(), List.of());
      }
      int from = 0;
      while (from < events.size()) {
        boolean isSilent = events.get(from) == null;
        files.clear();
        int to = from;
        while (to < events.size()
            && (events.get(to) == null) == isSilent
            && (isSilent || to - from < most)) {
          if (!isSilent) {
            events.get(to).givenAway();
            files.add(events.get(to).fd());
          }
          to++;
        }
        setTriggers(irq, start + from, to - from, files);
        from = to;
      }
    }
  }

  private void setTriggers(int irq, int start, int count, List<Fd> files) {
    int flags = VfioStructs.DATA_EVENTFD | VfioStructs.ACTION_TRIGGER;
    set(" trigger", irq, flags, start, count, files);
  }

  private void set(String what, int irq, int flags, int start, int count, List<Fd> files) {
    synchronized (connection) {
      UnsafeBuffer request = connection.request();
      request.putInt(LENGTH + VfioStructs.ARGSZ, VfioStructs.IRQ_SET_LENGTH);
      request.putInt(LENGTH + VfioStructs.FLAGS, flags);
      request.putInt(LENGTH + VfioStructs.INDEX, irq);
      request.putInt(LENGTH + VfioStructs.IRQ_SET_START, start);
      request.putInt(LENGTH + VfioStructs.IRQ_SET_COUNT, count);
      connection.require(what, Command.DEVICE_SET_IRQS, VfioStructs.IRQ_SET_LENGTH, files);
    }
  }

  @Override
  public void disable(int irq) {
    if (irq == VfioIrq.INTX) {
      unmasker.unmaskBy(null);
    }
    int flags = VfioStructs.DATA_NONE | VfioStructs.ACTION_TRIGGER;
    set(" disable", irq, flags, 0, 0, List.of());
  }

  @Override
  public void mask() {
    int flags = VfioStructs.DATA_NONE | VfioStructs.ACTION_MASK;
    set(" mask", VfioIrq.INTX, flags, 0, 1, List.of());
  }

  @Override
  public void unmask() {
    int flags = VfioStructs.DATA_NONE | VfioStructs.ACTION_UNMASK;
    set(" unmask", VfioIrq.INTX, flags, 0, 1, List.of());
  }

  private void unmaskIfThere() {
    try {
      unmask();
    } catch (ErrnoException e) {
      // A server without masks raises the pin again by itself.
    }
  }

  /** The protocol has no eventfd that unmasks at the server; this process listens to it. */
  @Override
  public void unmaskBy(EventFd event) {
    unmasker.unmaskBy(event);
  }

  @Override
  public void reset() {
    synchronized (connection) {
      connection.require("", Command.DEVICE_RESET, 0, List.of());
    }
  }

  @Override
  public void whenGone(Runnable handler) {
    connection.whenGone(handler);
  }

  @Override
  public void close() {
    unmasker.unmaskBy(null);
    connection.close();
    CloseHelper.quietCloseAll(files);
    CloseHelper.quietCloseAll(doorbellEvents);
  }
}
