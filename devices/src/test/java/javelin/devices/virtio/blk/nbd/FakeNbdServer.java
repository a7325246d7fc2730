package javelin.devices.virtio.blk.nbd;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * A server of the NBD protocol at a Unix socket, whose one export is a file. It does as it is
 * asked, unless it is told to do otherwise. Set it up before {@link #start}.
 */
public class FakeNbdServer implements AutoCloseable {
  public static final int FLUSH = 1 << 2;
  public static final int FUA = 1 << 3;
  public static final int TRIM = 1 << 5;
  public static final int ZEROES = 1 << 6;
  public static final int MULTI = 1 << 8;
  public static final int ALL = 1 | FLUSH | FUA | TRIM | ZEROES;

  private static final int GO = 7;
  private static final int ACK = 1;
  private static final int INFO = 3;
  private static final int SIMPLE_REPLY = 0x6744_6698;

  /** A request as it has come. */
  public record Request(int flags, int type, long handle, long offset, int length) {}

  /** What answers a request in the server's place. */
  @FunctionalInterface
  public interface Answer {
    /** Answers; returns whether the server is to answer, too. */
    boolean to(Request request, DataOutputStream out) throws IOException;
  }

  private final Path socket;
  private final FileChannel file;
  private final ServerSocketChannel listener;
  private final List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
  private final Set<SocketChannel> clients = Collections.synchronizedSet(new java.util.HashSet<>());
  private final List<Request> requests = Collections.synchronizedList(new ArrayList<>());
  int flags = ALL;
  int[] blocks = {1, 4096, 32 << 20};
  long length;
  int mostClients = Integer.MAX_VALUE;
  String export = "";
  volatile Answer answer = (request, out) -> true;

  /** A server for {@code file}, at a socket beside it. */
  public FakeNbdServer(Path path) throws IOException {
    socket = path.resolveSibling(path.getFileName() + ".sock");
    Files.deleteIfExists(socket);
    file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    length = file.size();
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(socket));
  }

  /** Offers no other features than {@code newFlags}. */
  public FakeNbdServer flags(int newFlags) {
    flags = newFlags;
    return this;
  }

  /** Takes this many bytes of data in a request. */
  public FakeNbdServer mostData(int bytes) {
    blocks[2] = bytes;
    return this;
  }

  /** Answers clients from now on. */
  public FakeNbdServer start() {
    run(this::accept);
    return this;
  }

  private void run(Runnable body) {
    Thread thread = new Thread(body, "fake NBD server");
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
  }

  /** Where it is. */
  public NbdAddress address() {
    return NbdAddress.parse("nbd:unix:" + socket, export.isEmpty() ? null : export);
  }

  /** What has come so far. */
  public List<Request> requests() {
    return List.copyOf(requests);
  }

  /** Waits until it has seen to the end what its clients sent: all of them have gone. */
  void awaitNoClients() {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!clients.isEmpty() && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
  }

  /** Clients that are connected. */
  int clients() {
    return clients.size();
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel client = listener.accept();
        if (clients.size() >= mostClients) {
          client.close();
          continue;
        }
        clients.add(client);
        run(() -> serve(client));
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void serve(SocketChannel client) {
    try (client) {
      DataInputStream in = new DataInputStream(Channels.newInputStream(client));
      DataOutputStream out = new DataOutputStream(Channels.newOutputStream(client));
      if (greet(in, out)) {
        while (request(in, out)) {}
      }
    } catch (ClosedChannelException | EOFException e) {
      // The client has gone, or the server is closed.
    } catch (IOException e) {
      // Likewise, while something was being written.
    } finally {
      clients.remove(client);
    }
  }

  /** Writes the greeting; tests replace it. */
  void greeting(DataOutputStream out) throws IOException {
    out.writeBytes("NBDMAGICIHAVEOPT");
    out.writeShort(3);
  }

  private boolean greet(DataInputStream in, DataOutputStream out) throws IOException {
    greeting(out);
    in.readInt();
    if (in.readLong() != 0x4948_4156_454f_5054L || in.readInt() != GO) {
      return false;
    }
    byte[] data = new byte[in.readInt()];
    in.readFully(data);
    int name = ByteBuffer.wrap(data).getInt();
    if (!new String(data, 4, name, StandardCharsets.UTF_8).equals(export)) {
      reply(out, 1 << 31 | 6, "no such export".getBytes(StandardCharsets.UTF_8));
      return false;
    }
    return information(out);
  }

  /** Tells of the export; tests replace it. */
  boolean information(DataOutputStream out) throws IOException {
    ByteBuffer info = ByteBuffer.allocate(12).putShort((short) 0).putLong(length);
    reply(out, INFO, info.putShort((short) flags).array());
    // What the client does not know it has to pass over.
    reply(out, INFO, new byte[] {0, 1, 'n', 'a', 'm', 'e'});
    ByteBuffer sizes = ByteBuffer.allocate(14).putShort((short) 3);
    for (int block : blocks) {
      sizes.putInt(block);
    }
    reply(out, INFO, sizes.array());
    reply(out, ACK, new byte[0]);
    return true;
  }

  static void reply(DataOutputStream out, int type, byte[] data) throws IOException {
    out.writeLong(0x0003_e889_0455_65a9L);
    out.writeInt(GO);
    out.writeInt(type);
    out.writeInt(data.length);
    out.write(data);
  }

  /** Writes a reply without data. */
  static void simple(DataOutputStream out, int error, long handle) throws IOException {
    ByteBuffer reply = ByteBuffer.allocate(16).putInt(SIMPLE_REPLY).putInt(error).putLong(handle);
    out.write(reply.array());
  }

  private boolean request(DataInputStream in, DataOutputStream out) throws IOException {
    if (in.readInt() != 0x2560_9513) {
      throw new IOException("no request");
    }
    Request request =
        new Request(
            in.readUnsignedShort(),
            in.readUnsignedShort(),
            in.readLong(),
            in.readLong(),
            in.readInt());
    byte[] data = new byte[request.type() == 1 ? request.length() : 0];
    in.readFully(data);
    requests.add(request);
    if (request.type() == 2) {
      return false;
    }
    if (!answer.to(request, out)) {
      return true;
    }
    switch (request.type()) {
      case 1 -> write(request.offset(), data);
      case 4, 6 -> write(request.offset(), new byte[request.length()]);
      default -> {}
    }
    byte[] found = new byte[request.type() == 0 ? request.length() : 0];
    file.read(ByteBuffer.wrap(found), request.offset());
    ByteBuffer reply = ByteBuffer.allocate(16 + found.length);
    reply.putInt(SIMPLE_REPLY).putInt(0).putLong(request.handle()).put(found);
    out.write(reply.array());
    return true;
  }

  private void write(long offset, byte[] data) throws IOException {
    file.write(ByteBuffer.wrap(data), offset);
  }

  /** Ends all connections, and takes no more. */
  void die() throws IOException {
    listener.close();
    for (SocketChannel client : List.copyOf(clients)) {
      client.close();
    }
  }

  @Override
  public void close() throws IOException {
    die();
    try {
      for (Thread thread : List.copyOf(threads)) {
        thread.join(5_000);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    file.close();
    Files.deleteIfExists(socket);
  }
}
