package javelin.passthrough.vfiouser;

import static javelin.passthrough.vfiouser.wire.MessageHeader.LENGTH;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javelin.passthrough.vfio.VfioRegion;
import javelin.passthrough.vfio.VfioStructs;
import javelin.passthrough.vfiouser.wire.Channel;
import javelin.passthrough.vfiouser.wire.Command;
import javelin.passthrough.vfiouser.wire.MessageHeader;
import javelin.passthrough.vfiouser.wire.Payloads;
import javelin.passthrough.vfiouser.wire.PeerException;
import javelin.passthrough.vfiouser.wire.Version;
import javelin.vmm.linux.DescriptorSocket;
import javelin.vmm.linux.Fd;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A server of a device with a BAR 0 of 64 KiB, one INTx and no reset, that answers one command in
 * another way than it should.
 */
final class ScriptedServer implements AutoCloseable {
  static final int BAR_SIZE = 64 << 10;
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(10);

  /** Sends another answer than the one that is in {@code channel.outgoing()}. */
  interface Script {
    /** Sends it; the usual answer has {@code length} bytes. */
    void answer(Channel channel, int length);
  }

  private final Channel channel;
  private final Thread thread;
  private final Map<Command, Script> scripts = new EnumMap<>(Command.class);
  private final List<Fd> descriptors = new ArrayList<>();

  /** Commands that came, in order. */
  final List<Command> commands = new ArrayList<>();

  /** Descriptors that go with the answer to what region 0 is. */
  final List<Fd> barFiles = new ArrayList<>();

  ScriptedServer(Fd connected) {
    channel = new Channel(new DescriptorSocket(connected));
    thread = new Thread(this::run, "scripted server");
  }

  /** Answers {@code command} by {@code script}, each time. */
  ScriptedServer on(Command command, Script script) {
    scripts.put(command, script);
    return this;
  }

  /** Changes the usual answer to {@code command}. */
  ScriptedServer change(Command command, Consumer<UnsafeBuffer> change) {
    return on(
        command,
        (to, length) -> {
          change.accept(to.outgoing());
          send(to, length);
        });
  }

  static void send(Channel channel, int length) {
    channel.send(length, List.of(), System.nanoTime() + PATIENCE);
  }

  void start() {
    thread.start();
  }

  private void run() {
    try {
      while (true) {
        channel.receive(System.nanoTime() + PATIENCE);
        UnsafeBuffer in = channel.incoming();
        descriptors.addAll(channel.takeDescriptors());
        if (MessageHeader.isReply(in)) {
          continue;
        }
        Command command = Command.of(MessageHeader.command(in));
        synchronized (commands) {
          commands.add(command);
        }
        int length = LENGTH + usual(command, in, channel.outgoing());
        MessageHeader.putReply(channel.outgoing(), MessageHeader.id(in), command.number(), length);
        boolean isBar =
            command == Command.DEVICE_GET_REGION_INFO && in.getInt(LENGTH + VfioStructs.INDEX) == 0;
        if (scripts.containsKey(command)) {
          scripts.get(command).answer(channel, length);
        } else {
          channel.send(length, isBar ? barFiles : List.of(), System.nanoTime() + PATIENCE);
        }
      }
    } catch (PeerException e) {
      // The client has had enough.
    }
  }

  private int usual(Command command, UnsafeBuffer in, UnsafeBuffer out) {
    out.setMemory(LENGTH, 64, (byte) 0);
    switch (command) {
      case VERSION -> {
        return Version.OURS.put(out, LENGTH);
      }
      case DEVICE_GET_INFO -> {
        out.putInt(LENGTH, Payloads.INFO_LENGTH);
        out.putInt(LENGTH + VfioStructs.FLAGS, VfioStructs.DEVICE_FLAG_PCI);
        out.putInt(LENGTH + VfioStructs.DEVICE_REGIONS, 9);
        out.putInt(LENGTH + VfioStructs.DEVICE_IRQS, 5);
        return Payloads.INFO_LENGTH;
      }
      case DEVICE_GET_REGION_INFO -> {
        int index = in.getInt(LENGTH + VfioStructs.INDEX);
        out.putInt(LENGTH, VfioStructs.REGION_LENGTH);
        out.putInt(LENGTH + VfioStructs.INDEX, index);
        boolean isMapped = index == 0 && !barFiles.isEmpty();
        out.putInt(LENGTH + VfioStructs.FLAGS, isMapped ? 7 : 3);
        out.putLong(
            LENGTH + VfioStructs.REGION_SIZE,
            index == 0 ? BAR_SIZE : index == VfioRegion.CONFIG ? 256 : 0);
        return VfioStructs.REGION_LENGTH;
      }
      case DEVICE_GET_REGION_IO_FDS -> {
        out.putInt(LENGTH, Payloads.IO_FDS_LENGTH);
        out.putInt(LENGTH + VfioStructs.INDEX, in.getInt(LENGTH + VfioStructs.INDEX));
        return Payloads.IO_FDS_LENGTH;
      }
      case DEVICE_GET_IRQ_INFO -> {
        int index = in.getInt(LENGTH + VfioStructs.INDEX);
        out.putInt(LENGTH, VfioStructs.IRQ_LENGTH);
        out.putInt(LENGTH + VfioStructs.INDEX, index);
        out.putInt(LENGTH + VfioStructs.IRQ_COUNT, index == 0 ? 1 : 0);
        return VfioStructs.IRQ_LENGTH;
      }
      case REGION_READ -> {
        int count = in.getInt(LENGTH + Payloads.REGION_COUNT);
        out.putBytes(LENGTH, in, LENGTH, Payloads.REGION_DATA);
        out.setMemory(LENGTH + Payloads.REGION_DATA, count, (byte) 0x5a);
        return Payloads.REGION_DATA + count;
      }
      case REGION_WRITE -> {
        out.putBytes(LENGTH, in, LENGTH, Payloads.REGION_DATA);
        return Payloads.REGION_DATA;
      }
      case DMA_UNMAP -> {
        out.putBytes(LENGTH, in, LENGTH, Payloads.UNMAP_LENGTH);
        return Payloads.UNMAP_LENGTH;
      }
      default -> {
        return 0;
      }
    }
  }

  @Override
  public void close() {
    try {
      thread.join(TimeUnit.SECONDS.toMillis(20));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    channel.close();
    descriptors.forEach(Fd::close);
  }
}
