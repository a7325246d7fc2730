package javelin.boot.guest.assign;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javelin.boot.machine.ConsoleSpec;
import javelin.boot.machine.NetSpec;
import javelin.boot.machine.VirtioSpecs;

/**
 * Two network devices on sockets; what comes from one goes to the other. No privilege is needed.
 */
final class NetworkPair implements AutoCloseable {
  private static final int BUFFER = 1 << 16;

  private final List<ServerSocketChannel> servers = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final List<NetSpec> specs = new ArrayList<>();

  private NetworkPair() {}

  /** With its sockets in {@code folder}. */
  static NetworkPair of(Path folder) throws IOException {
    NetworkPair pair = new NetworkPair();
    for (String name : List.of("first", "second")) {
      Path path = folder.resolve(name);
      ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      pair.servers.add(server.bind(UnixDomainSocketAddress.of(path)));
      pair.specs.add(NetSpec.parse("socket=" + path));
    }
    pair.start(pair::connect);
    return pair;
  }

  VirtioSpecs devices() {
    return new VirtioSpecs(List.of(), null, specs, ConsoleSpec.NONE, null);
  }

  private void start(Runnable work) {
    Thread thread = new Thread(work, "network pair");
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
  }

  private void connect() {
    try (SocketChannel first = servers.get(0).accept();
        SocketChannel second = servers.get(1).accept()) {
      Thread back = new Thread(() -> pass(second, first), "network pair, back");
      back.start();
      pass(first, second);
      back.join();
    } catch (IOException e) {
      // Closed before both were there.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Frames and their lengths, to the end of the stream. */
  private static void pass(SocketChannel from, SocketChannel to) {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    try {
      while (from.read(buffer) >= 0) {
        buffer.flip();
        while (buffer.hasRemaining()) {
          to.write(buffer);
        }
        buffer.clear();
      }
      to.shutdownOutput();
    } catch (IOException e) {
      // The machine has closed it.
    }
  }

  @Override
  public void close() throws IOException {
    for (ServerSocketChannel server : servers) {
      server.close();
    }
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
