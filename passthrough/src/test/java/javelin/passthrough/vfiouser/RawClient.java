package javelin.passthrough.vfiouser;

import static javelin.passthrough.vfiouser.wire.MessageHeader.LENGTH;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javelin.passthrough.vfio.VfioStructs;
import javelin.passthrough.vfiouser.wire.Channel;
import javelin.passthrough.vfiouser.wire.Command;
import javelin.passthrough.vfiouser.wire.MessageHeader;
import javelin.passthrough.vfiouser.wire.Payloads;
import javelin.passthrough.vfiouser.wire.Version;
import javelin.vmm.linux.DescriptorSocket;
import javelin.vmm.linux.Fd;
import org.agrona.concurrent.UnsafeBuffer;

/** A client that sends what it is told to, and tells how it was answered. */
final class RawClient implements AutoCloseable {
  static final long PATIENCE = TimeUnit.SECONDS.toNanos(5);

  private final Channel channel;
  private int id;

  RawClient(Fd connected) {
    channel = new Channel(new DescriptorSocket(connected));
  }

  /** Says the version; returns this. */
  RawClient agreed() {
    int length = Version.OURS.put(channel.outgoing(), LENGTH);
    if (call(Command.VERSION, length, List.of()) < 0) {
      throw new AssertionError("the server refuses the version");
    }
    return this;
  }

  Channel channel() {
    return channel;
  }

  /** The reply's payload. */
  UnsafeBuffer reply() {
    return new UnsafeBuffer(
        channel.incoming(), LENGTH, (int) MessageHeader.size(channel.incoming()) - LENGTH);
  }

  /**
   * Sends a command of which {@code fill} writes the payload, from 0 on.
   *
   * @return the length of the reply's payload, or {@code -errno}
   */
  int call(Command command, int length, Consumer<UnsafeBuffer> fill, Fd... descriptors) {
    UnsafeBuffer payload = new UnsafeBuffer(channel.outgoing(), LENGTH, length);
    payload.setMemory(0, length, (byte) 0);
    fill.accept(payload);
    return call(command, length, List.of(descriptors));
  }

  private int call(Command command, int length, List<Fd> descriptors) {
    MessageHeader.putCommand(channel.outgoing(), ++id, command, LENGTH + length);
    channel.send(LENGTH + length, descriptors, System.nanoTime() + PATIENCE);
    int size = channel.receive(System.nanoTime() + PATIENCE);
    UnsafeBuffer in = channel.incoming();
    if (MessageHeader.id(in) != id || MessageHeader.command(in) != command.number()) {
      throw new AssertionError("another answer");
    }
    return MessageHeader.isError(in) ? -MessageHeader.errno(in) : size - LENGTH;
  }

  int access(Command command, int region, long offset, int count, int data) {
    return call(
        command,
        Payloads.REGION_DATA + data,
        payload -> {
          payload.putLong(0, offset);
          payload.putInt(Payloads.REGION_INDEX, region);
          payload.putInt(Payloads.REGION_COUNT, count);
          payload.setMemory(Payloads.REGION_DATA, data, (byte) 7);
        });
  }

  int map(long address, long size, long offset, Fd... descriptors) {
    return call(
        Command.DMA_MAP,
        Payloads.MAP_LENGTH,
        payload -> {
          payload.putInt(VfioStructs.FLAGS, Payloads.MAP_READABLE | Payloads.MAP_WRITABLE);
          payload.putLong(Payloads.MAP_OFFSET, offset);
          payload.putLong(Payloads.MAP_ADDRESS, address);
          payload.putLong(Payloads.MAP_SIZE, size);
        },
        descriptors);
  }

  int unmap(long address, long size) {
    return call(
        Command.DMA_UNMAP,
        Payloads.UNMAP_LENGTH,
        payload -> {
          payload.putLong(Payloads.UNMAP_ADDRESS, address);
          payload.putLong(Payloads.UNMAP_SIZE, size);
        });
  }

  int irqs(int flags, int irq, int start, int count, Fd... descriptors) {
    return call(
        Command.DEVICE_SET_IRQS,
        VfioStructs.IRQ_SET_LENGTH,
        payload -> {
          payload.putInt(VfioStructs.FLAGS, flags);
          payload.putInt(VfioStructs.INDEX, irq);
          payload.putInt(VfioStructs.IRQ_SET_START, start);
          payload.putInt(VfioStructs.IRQ_SET_COUNT, count);
        },
        descriptors);
  }

  @Override
  public void close() {
    channel.close();
  }
}
