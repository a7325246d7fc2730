package javelin.passthrough.vfiouser.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import javelin.passthrough.faults.Faults;
import javelin.passthrough.model.ModelDevice;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioRegion;
import javelin.passthrough.vfio.VfioStructs;
import javelin.passthrough.vfiouser.wire.Channel;
import javelin.passthrough.vfiouser.wire.Command;
import javelin.passthrough.vfiouser.wire.Payloads;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What a client's commands do to the device. Each number of the client's is checked here.
 *
 * <p>For the server's loop.
 */
final class ServerCommands implements AutoCloseable {
  private static final int REPLY_CAPACITY = Payloads.REGION_DATA + Channel.MOST_DATA;
  private static final int REGIONS = VfioRegion.CONFIG + 2;
  private static final int IRQS = VfioIrq.REQUEST + 1;
  private static final int IRQ_FLAG_EVENTFD = 1;
  private static final int IRQ_FLAG_MASKABLE = 1 << 1;
  private static final int IRQ_FLAG_AUTOMASKED = 1 << 2;

  private final ModelDevice device;
  private final DmaWindows windows;
  private final ClientEvents events;
  private final Faults faults;
  private final ServerDoorbells doorbells;
  private final UnsafeBuffer reply = NativeMemory.allocate(REPLY_CAPACITY);

  /** Made once, as no command may allocate. */
  private final IntConsumer countAccess = this::access;

  private List<Fd> replyDescriptors = List.of();
  private int mostDescriptors;

  ServerCommands(
      ModelDevice device,
      DmaWindows windows,
      ClientEvents events,
      ServerDoorbells doorbells,
      Faults faults) {
    this.device = device;
    this.windows = windows;
    this.events = events;
    this.doorbells = doorbells;
    this.faults = faults;
  }

  /** How many descriptors may go with one message. */
  void mostDescriptors(int most) {
    mostDescriptors = most;
  }

  /** Has the device do what the client has rung for; returns whether it has rung. */
  boolean ring() {
    return doorbells.ring(countAccess);
  }

  /** Where the payload of the reply is. */
  UnsafeBuffer reply() {
    return reply;
  }

  /** The descriptors that go with the reply; they stay the device's. */
  List<Fd> takeReplyDescriptors() {
    List<Fd> taken = replyDescriptors;
    replyDescriptors = List.of();
    return taken;
  }

  /**
   * Does a command.
   *
   * @param payload just the payload; it may change while the device works
   * @param descriptors what came with it; this object's
   * @return the length of the reply's payload, or {@code -errno}
   */
  int handle(Command command, UnsafeBuffer payload, List<Fd> descriptors) {
    boolean keeps = command == Command.DMA_MAP || command == Command.DEVICE_SET_IRQS;
    if (!keeps && !descriptors.isEmpty()) {
      CloseHelper.quietCloseAll(descriptors);
      return -Errno.EINVAL.number();
    }
    try {
      return switch (command) {
        case DMA_MAP -> map(payload, descriptors);
        case DMA_UNMAP -> unmap(payload);
        case DEVICE_GET_INFO -> deviceInfo(payload);
        case DEVICE_GET_REGION_INFO -> regionInfo(payload);
        case DEVICE_GET_REGION_IO_FDS -> ioFds(payload);
        case DEVICE_GET_IRQ_INFO -> irqInfo(payload);
        case DEVICE_SET_IRQS -> setIrqs(payload, descriptors);
        case REGION_READ -> read(payload);
        case REGION_WRITE -> write(payload);
        case REGION_WRITE_MULTI -> writeMulti(payload);
        case DEVICE_RESET -> reset();
        default -> -Errno.EOPNOTSUPP.number();
      };
    } catch (ErrnoException e) {
      return -e.errno();
    }
  }

  private static boolean isShort(UnsafeBuffer payload, int least) {
    return payload.capacity() < least;
  }

  private int map(UnsafeBuffer payload, List<Fd> descriptors) {
    int result = -Errno.EINVAL.number();
    if (!isShort(payload, Payloads.MAP_LENGTH) && descriptors.size() <= 1) {
      result = faults.map();
      if (result == 0) {
        result =
            windows.map(
                payload.getLong(Payloads.MAP_ADDRESS),
                payload.getLong(Payloads.MAP_SIZE),
                payload.getInt(VfioStructs.FLAGS),
                descriptors.isEmpty() ? null : descriptors.get(0),
                payload.getLong(Payloads.MAP_OFFSET));
      }
    }
    if (result < 0) {
      CloseHelper.quietCloseAll(descriptors);
    }
    return result;
  }

  private int unmap(UnsafeBuffer payload) {
    if (isShort(payload, Payloads.UNMAP_LENGTH)) {
      return -Errno.EINVAL.number();
    }
    reply.putBytes(0, payload, 0, Payloads.UNMAP_LENGTH);
    reply.putInt(VfioStructs.ARGSZ, Payloads.UNMAP_LENGTH);
    int result =
        windows.unmap(
            payload.getLong(Payloads.UNMAP_ADDRESS), payload.getLong(Payloads.UNMAP_SIZE));
    return result < 0 ? result : Payloads.UNMAP_LENGTH;
  }

  private int deviceInfo(UnsafeBuffer payload) {
    if (isShort(payload, Integer.BYTES)) {
      return -Errno.EINVAL.number();
    }
    int flags =
        VfioStructs.DEVICE_FLAG_PCI | (device.canReset() ? VfioStructs.DEVICE_FLAG_RESET : 0);
    reply.putInt(VfioStructs.ARGSZ, Payloads.INFO_LENGTH);
    reply.putInt(VfioStructs.FLAGS, flags);
    reply.putInt(VfioStructs.DEVICE_REGIONS, REGIONS);
    reply.putInt(VfioStructs.DEVICE_IRQS, IRQS);
    return Payloads.INFO_LENGTH;
  }

  private int regionInfo(UnsafeBuffer payload) {
    if (isShort(payload, VfioStructs.INDEX + Integer.BYTES)) {
      return -Errno.EINVAL.number();
    }
    int index = payload.getInt(VfioStructs.INDEX);
    if (index < 0 || index >= REGIONS) {
      return -Errno.EINVAL.number();
    }
    VfioRegion region = device.region(index);
    Optional<Fd> memory = device.memoryOf(index);
    int needed = VfioStructs.REGION_LENGTH;
    if (memory.isPresent()) {
      needed +=
          VfioStructs.CAPABILITY_HEADER_LENGTH
              + VfioStructs.AREAS_HEADER_LENGTH
              + region.areas().size() * VfioStructs.AREA_LENGTH;
    }
    boolean isWhole = Integer.compareUnsigned(payload.getInt(VfioStructs.ARGSZ), needed) >= 0;
    reply.setMemory(0, needed, (byte) 0);
    reply.putInt(VfioStructs.ARGSZ, needed);
    reply.putInt(
        VfioStructs.FLAGS,
        region.flags() | (memory.isPresent() ? VfioStructs.REGION_FLAG_CAPABILITIES : 0));
    reply.putInt(VfioStructs.INDEX, index);
    reply.putLong(VfioStructs.REGION_SIZE, region.size());
    if (memory.isPresent()) {
      // Also where they do not fit: QEMU takes capabilities without a place for an error.
      reply.putInt(VfioStructs.REGION_CAPABILITY_OFFSET, VfioStructs.REGION_LENGTH);
      putAreas(region.areas());
    }
    replyDescriptors = memory.map(List::of).orElse(List.of());
    return isWhole ? needed : VfioStructs.REGION_LENGTH;
  }

  private void putAreas(List<VfioRegion.Area> areas) {
    int at = VfioStructs.REGION_LENGTH;
    reply.putShort(at, (short) VfioStructs.CAPABILITY_SPARSE_MMAP);
    reply.putShort(at + Short.BYTES, (short) 1);
    at += VfioStructs.CAPABILITY_HEADER_LENGTH;
    reply.putInt(at, areas.size());
    at += VfioStructs.AREAS_HEADER_LENGTH;
    for (VfioRegion.Area area : areas) {
      reply.putLong(at, area.offset());
      reply.putLong(at + Long.BYTES, area.length());
      at += VfioStructs.AREA_LENGTH;
    }
  }

  private int ioFds(UnsafeBuffer payload) {
    if (isShort(payload, Payloads.IO_FDS_LENGTH)) {
      return -Errno.EINVAL.number();
    }
    int index = payload.getInt(VfioStructs.INDEX);
    long space = Integer.toUnsignedLong(payload.getInt(VfioStructs.ARGSZ));
    if (index < 0
        || index >= REGIONS
        || space < Payloads.IO_FDS_LENGTH
        || payload.getInt(VfioStructs.FLAGS) != 0
        || payload.getInt(Payloads.IO_FDS_COUNT) != 0) {
      return -Errno.EINVAL.number();
    }
    List<Fd> descriptors = new ArrayList<>();
    int length = doorbells.put(reply, index, space, mostDescriptors, descriptors);
    replyDescriptors = descriptors;
    return length;
  }

  private int irqInfo(UnsafeBuffer payload) {
    if (isShort(payload, VfioStructs.INDEX + Integer.BYTES)) {
      return -Errno.EINVAL.number();
    }
    int index = payload.getInt(VfioStructs.INDEX);
    if (index < 0 || index >= IRQS) {
      return -Errno.EINVAL.number();
    }
    VfioIrq irq = device.irq(index);
    int flags = irq.flags() | IRQ_FLAG_EVENTFD;
    if (index == VfioIrq.INTX) {
      flags |= IRQ_FLAG_MASKABLE | IRQ_FLAG_AUTOMASKED;
    }
    reply.putInt(VfioStructs.ARGSZ, VfioStructs.IRQ_LENGTH);
    reply.putInt(VfioStructs.FLAGS, flags);
    reply.putInt(VfioStructs.INDEX, index);
    reply.putInt(VfioStructs.IRQ_COUNT, irq.count());
    return VfioStructs.IRQ_LENGTH;
  }

  private int setIrqs(UnsafeBuffer payload, List<Fd> descriptors) {
    if (isShort(payload, VfioStructs.IRQ_SET_LENGTH)) {
      CloseHelper.quietCloseAll(descriptors);
      return -Errno.EINVAL.number();
    }
    return events.set(payload, descriptors);
  }

  private boolean isWithin(int region, long offset, long count) {
    return region >= 0
        && region < REGIONS
        && offset >= 0
        && count >= 0
        && count <= Channel.MOST_DATA
        && offset <= device.region(region).size() - count;
  }

  private int read(UnsafeBuffer payload) {
    if (isShort(payload, Payloads.REGION_DATA)) {
      return -Errno.EINVAL.number();
    }
    long offset = payload.getLong(0);
    int region = payload.getInt(Payloads.REGION_INDEX);
    int count = payload.getInt(Payloads.REGION_COUNT);
    if (!isWithin(region, offset, count)) {
      return -Errno.EINVAL.number();
    }
    access(region);
    int done = 0;
    while (done < count) {
      int size = piece(offset + done, count - done);
      long value = faults.isAllOnes(region) ? -1 : device.read(region, offset + done, size);
      putPiece(Payloads.REGION_DATA + done, size, value);
      done += size;
    }
    putAccess(offset, region, count);
    return Payloads.REGION_DATA + count;
  }

  private void access(int region) {
    if (faults.access(region)) {
      try {
        device.signal(VfioIrq.INTX, 0);
      } catch (ErrnoException e) {
        // The guest does not use the pin.
      }
    }
  }

  private int write(UnsafeBuffer payload) {
    if (isShort(payload, Payloads.REGION_DATA)) {
      return -Errno.EINVAL.number();
    }
    long offset = payload.getLong(0);
    int region = payload.getInt(Payloads.REGION_INDEX);
    int count = payload.getInt(Payloads.REGION_COUNT);
    if (!isWithin(region, offset, count) || isShort(payload, Payloads.REGION_DATA + count)) {
      return -Errno.EINVAL.number();
    }
    access(region);
    UnsafeBuffer data = payload;
    int at = Payloads.REGION_DATA;
    if (count > 0 && piece(offset, count) != count) {
      // What the device does at the first piece may bring another message to the payload's place.
      byte[] copy = new byte[count];
      payload.getBytes(at, copy);
      data = new UnsafeBuffer(copy);
      at = 0;
    }
    writePieces(region, offset, count, data, at);
    putAccess(offset, region, count);
    return Payloads.REGION_DATA;
  }

  private void writePieces(int region, long offset, int count, UnsafeBuffer data, int at) {
    int done = 0;
    while (done < count) {
      int size = piece(offset + done, count - done);
      device.write(region, offset + done, size, getPiece(data, at + done, size));
      done += size;
    }
  }

  private int writeMulti(UnsafeBuffer payload) {
    if (isShort(payload, Payloads.MULTI_WRITES)) {
      return -Errno.EINVAL.number();
    }
    long count = payload.getLong(0);
    if (count < 0 || count > (payload.capacity() - Payloads.MULTI_WRITES) / Payloads.MULTI_LENGTH) {
      return -Errno.EINVAL.number();
    }
    byte[] copy = new byte[payload.capacity()];
    payload.getBytes(0, copy);
    UnsafeBuffer writes = new UnsafeBuffer(copy);
    for (int i = 0; i < count; i++) {
      int at = Payloads.MULTI_WRITES + i * Payloads.MULTI_LENGTH;
      long offset = writes.getLong(at);
      int region = writes.getInt(at + Payloads.REGION_INDEX);
      int size = writes.getInt(at + Payloads.REGION_COUNT);
      if (size > Long.BYTES || !isWithin(region, offset, size)) {
        return -Errno.EINVAL.number();
      }
      writePieces(region, offset, size, writes, at + Payloads.REGION_DATA);
    }
    reply.putLong(0, count);
    return Long.BYTES;
  }

  private void putAccess(long offset, int region, int count) {
    reply.putLong(0, offset);
    reply.putInt(Payloads.REGION_INDEX, region);
    reply.putInt(Payloads.REGION_COUNT, count);
  }

  /** The largest access at {@code offset} that is aligned: 8, 4, 2 or 1 bytes. */
  private static int piece(long offset, int left) {
    int size = Long.BYTES;
    while (size > left || (offset & (size - 1)) != 0) {
      size >>= 1;
    }
    return size;
  }

  private void putPiece(int at, int size, long value) {
    switch (size) {
      case Byte.BYTES -> reply.putByte(at, (byte) value);
      case Short.BYTES -> reply.putShort(at, (short) value);
      case Integer.BYTES -> reply.putInt(at, (int) value);
      default -> reply.putLong(at, value);
    }
  }

  private static long getPiece(UnsafeBuffer data, int at, int size) {
    return switch (size) {
      case Byte.BYTES -> data.getByte(at) & 0xffL;
      case Short.BYTES -> data.getShort(at) & 0xffffL;
      case Integer.BYTES -> Integer.toUnsignedLong(data.getInt(at));
      default -> data.getLong(at);
    };
  }

  private int reset() {
    device.reset();
    return faults.reset();
  }

  @Override
  public void close() {
    try {
      events.close();
    } finally {
      doorbells.close();
    }
  }
}
