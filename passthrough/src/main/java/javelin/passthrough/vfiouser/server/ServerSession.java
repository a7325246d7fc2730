package javelin.passthrough.vfiouser.server;

import static javelin.passthrough.vfiouser.wire.MessageHeader.LENGTH;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import javelin.passthrough.faults.Faults;
import javelin.passthrough.model.BusMemory;
import javelin.passthrough.model.ModelDevice;
import javelin.passthrough.vfiouser.wire.Channel;
import javelin.passthrough.vfiouser.wire.Command;
import javelin.passthrough.vfiouser.wire.MessageHeader;
import javelin.passthrough.vfiouser.wire.Payloads;
import javelin.passthrough.vfiouser.wire.PeerException;
import javelin.passthrough.vfiouser.wire.Version;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One client, from its first message to its last: receives commands, has them done, and replies.
 *
 * <p>A device whose client has given no file for its memory asks for that memory by messages, in
 * the middle of a command too. Commands that come while it waits for the answer are done at once: a
 * client such as QEMU may answer only after it has got an answer itself.
 *
 * <p>For the server's loop.
 */
final class ServerSession implements BusMemory, AutoCloseable {
  /** The most commands that are kept. */
  private static final int MOST_KEPT = 64;

  /** The most commands that are done in the middle of each other; more are kept. */
  private static final int MOST_NESTED = 4;

  /** A command that came while another one was under way. */
  private record Kept(UnsafeBuffer message, List<Fd> descriptors) {}

  private final Channel channel;
  private final DmaWindows windows = new DmaWindows(this);
  private final ServerDoorbells doorbells;
  private final ServerCommands commands;
  private final long patienceNanos;
  private final Consumer<String> say;
  private final Runnable wake;
  private final Deque<Kept> kept = new ArrayDeque<>();
  private final UnsafeBuffer outermost = new UnsafeBuffer(0, 0);
  private Version common;
  private int nextId;
  private int nested;
  private boolean isOver;

  /**
   * @param patienceNanos how long a client may take over a message that it has begun, or owes
   * @param say told, in a line, why a client was dropped
   * @param wake has {@link #doKept} called soon
   */
  ServerSession(
      Linux linux,
      Channel channel,
      ModelDevice device,
      Faults faults,
      long patienceNanos,
      Consumer<String> say,
      Runnable wake) {
    this.channel = channel;
    this.patienceNanos = patienceNanos;
    this.say = say;
    this.wake = wake;
    doorbells = new ServerDoorbells(linux, device);
    commands =
        new ServerCommands(device, windows, new ClientEvents(linux, device), doorbells, faults);
  }

  /** The eventfds by which the client rings, for {@link #rung}. */
  List<Fd> doorbells() {
    return doorbells.fds();
  }

  /** The client's memory. */
  BusMemory memory() {
    return windows;
  }

  boolean isOver() {
    return isOver;
  }

  /** Whether something has come. */
  boolean hasInput() {
    return channel.hasInput();
  }

  /** Does what the client has rung for. */
  void rung() {
    commands.ring();
    doKept();
  }

  /** Does what has come: a command, or what was rung for before it was sent. */
  void ready() {
    try {
      // As a read on a bus comes behind the writes before it. What the device does may have had
      // the command done already.
      if (commands.ring()) {
        doKept();
        if (isOver || !channel.hasInput()) {
          return;
        }
      }
      channel.receive(deadline());
      if (MessageHeader.isReply(channel.incoming())) {
        throw new PeerException("has answered what it was not asked");
      }
      handle(channel.incoming(), channel.takeDescriptors());
      doKept();
    } catch (PeerException e) {
      over(e);
    }
  }

  /** Does what was put off while the device worked by itself. */
  void doKept() {
    try {
      while (!kept.isEmpty() && !isOver) {
        Kept command = kept.poll();
        handle(command.message(), command.descriptors());
      }
    } catch (PeerException e) {
      over(e);
    }
  }

  private void over(PeerException e) {
    if (!isOver) {
      isOver = true;
      if (!e.isClosed()) {
        say.accept("the client " + e.getMessage());
      }
      wake.run();
    }
  }

  private long deadline() {
    return System.nanoTime() + patienceNanos;
  }

  private void handle(UnsafeBuffer message, List<Fd> descriptors) {
    int id = MessageHeader.id(message);
    int number = MessageHeader.command(message);
    boolean wantsReply = MessageHeader.wantsReply(message);
    Command command = Command.of(number);
    int length = (int) MessageHeader.size(message) - LENGTH;
    UnsafeBuffer payload = nested == 0 ? outermost : new UnsafeBuffer(0, 0);
    payload.wrap(message, LENGTH, length);
    int result;
    if (common == null) {
      result = command == Command.VERSION ? agree(payload) : -Errno.EINVAL.number();
      CloseHelper.quietCloseAll(descriptors);
    } else if (command == null) {
      CloseHelper.quietCloseAll(descriptors);
      result = -Errno.EOPNOTSUPP.number();
    } else {
      result = commands.handle(command, payload, descriptors);
    }
    List<Fd> replyDescriptors = commands.takeReplyDescriptors();
    if (wantsReply) {
      reply(id, number, result, replyDescriptors);
    }
    if (common == null) {
      throw new PeerException("has not begun with a version that fits");
    }
  }

  /** The reply's payload is in {@link ServerCommands#reply} where {@code result} is its length. */
  private void reply(int id, int command, int result, List<Fd> descriptors) {
    UnsafeBuffer out = channel.outgoing();
    if (result < 0) {
      MessageHeader.putError(out, id, command, -result);
      channel.send(LENGTH, List.of(), deadline());
      return;
    }
    out.putBytes(LENGTH, commands.reply(), 0, result);
    MessageHeader.putReply(out, id, command, LENGTH + result);
    channel.send(LENGTH + result, descriptors, deadline());
  }

  private int agree(UnsafeBuffer payload) {
    Version theirs = Version.get(payload, 0, payload.capacity());
    if (theirs.major() != Version.OURS.major()) {
      return -Errno.EINVAL.number();
    }
    common = Version.OURS.common(theirs);
    commands.mostDescriptors(common.mostDescriptors());
    return Version.OURS.put(commands.reply(), 0);
  }

  @Override
  public boolean read(long address, byte[] target, int offset, int length) {
    int done = 0;
    while (done < length) {
      int piece = Math.min(length - done, common.mostData());
      if (!ask(Command.DMA_READ, address + done, piece, 0, piece)) {
        return false;
      }
      channel.incoming().getBytes(LENGTH + Payloads.DMA_DATA, target, offset + done, piece);
      done += piece;
    }
    return true;
  }

  @Override
  public boolean write(long address, byte[] source, int offset, int length) {
    int done = 0;
    while (done < length) {
      int piece = Math.min(length - done, common.mostData());
      channel.outgoing().putBytes(LENGTH + Payloads.DMA_DATA, source, offset + done, piece);
      if (!ask(Command.DMA_WRITE, address + done, piece, piece, 0)) {
        return false;
      }
      done += piece;
    }
    return true;
  }

  /** Has the client read or write its memory; returns whether it did. */
  private boolean ask(Command command, long address, int count, int sent, int received) {
    if (isOver) {
      return false;
    }
    try {
      UnsafeBuffer out = channel.outgoing();
      int id = nextId++ & 0xffff;
      int size = LENGTH + Payloads.DMA_DATA + sent;
      MessageHeader.putCommand(out, id, command, size);
      out.putLong(LENGTH, address);
      out.putLong(LENGTH + Payloads.DMA_COUNT, count);
      long deadline = deadline();
      channel.send(size, List.of(), deadline);
      int length = receiveReply(deadline);
      UnsafeBuffer in = channel.incoming();
      if (MessageHeader.id(in) != id || MessageHeader.command(in) != command.number()) {
        throw new PeerException("has answered what it was not asked");
      }
      if (MessageHeader.isError(in)) {
        return false;
      }
      if (received > 0 && length != LENGTH + Payloads.DMA_DATA + received) {
        throw new PeerException(
            "has answered a read of " + received + " bytes of its memory with " + length);
      }
      return true;
    } catch (PeerException e) {
      over(e);
      return false;
    }
  }

  private int receiveReply(long deadline) {
    while (true) {
      int length = channel.receive(deadline);
      UnsafeBuffer in = channel.incoming();
      if (MessageHeader.isReply(in)) {
        return length;
      }
      byte[] message = new byte[length];
      in.getBytes(0, message);
      List<Fd> descriptors = channel.takeDescriptors();
      if (nested < MOST_NESTED && kept.isEmpty()) {
        nest(new UnsafeBuffer(message), descriptors);
      } else {
        keep(new UnsafeBuffer(message), descriptors);
      }
    }
  }

  /** Does a command in the middle of another one, whose reply may be half put together. */
  private void nest(UnsafeBuffer message, List<Fd> descriptors) {
    byte[] half = new byte[commands.reply().capacity()];
    commands.reply().getBytes(0, half);
    nested++;
    try {
      handle(message, descriptors);
    } finally {
      nested--;
      commands.reply().putBytes(0, half);
    }
  }

  private void keep(UnsafeBuffer message, List<Fd> descriptors) {
    if (kept.size() == MOST_KEPT) {
      CloseHelper.quietCloseAll(descriptors);
      throw new PeerException("sends commands and does not answer");
    }
    kept.add(new Kept(message, descriptors));
    wake.run();
  }

  /** Forgets the client: its memory, its eventfds and its connection. The device stays as it is. */
  @Override
  public void close() {
    isOver = true;
    try {
      commands.close();
    } catch (ErrnoException e) {
      say.accept("the client's interrupts stay: " + e.getMessage());
    }
    kept.forEach(command -> CloseHelper.quietCloseAll(command.descriptors()));
    kept.clear();
    windows.close();
    channel.close();
  }
}
