package javelin.devices.virtio.blk.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Servers that begin in ways of their own. */
@Timeout(30)
class NbdHandshakeTest {
  @TempDir Path folder;
  private final Linux linux = Linux.system();

  @FunctionalInterface
  private interface Says {
    void to(DataOutputStream out) throws IOException;
  }

  private FakeNbdServer server(Says greeting, Says information) throws IOException {
    Path file = Files.write(folder.resolve("disk"), new byte[1024]);
    return new FakeNbdServer(file) {
      @Override
      void greeting(DataOutputStream out) throws IOException {
        if (greeting == null) {
          super.greeting(out);
        } else {
          greeting.to(out);
        }
      }

      @Override
      boolean information(DataOutputStream out) throws IOException {
        information.to(out);
        return true;
      }
    };
  }

  private void refused(Says greeting, Says information, String reason) throws IOException {
    try (FakeNbdServer server = server(greeting, information).start();
        Fd fd = server.address().connect(linux)) {
      assertThatThrownBy(() -> NbdHandshake.run(fd, "", 1))
          .isInstanceOf(NbdException.class)
          .hasMessageContaining(reason);
    }
  }

  private static void nothing(DataOutputStream out) {}

  private static void endless(DataOutputStream out) throws IOException {
    for (int i = 0; i < 100; i++) {
      FakeNbdServer.reply(out, 3, new byte[] {0, 1});
    }
  }

  @Test
  void shouldRefuseGreetingsThatAreNone() throws IOException {
    refused(out -> out.writeBytes("SSH-2.0-OpenSSH_9.2 xx"), null, "not begin with NBDMAGIC");
    refused(
        out -> {
          out.writeBytes("NBDMAGIC");
          out.writeLong(0x0000_4202_8186_1253L); // The oldstyle handshake.
          out.writeShort(0);
        },
        null,
        "it has no fixed newstyle handshake");
    refused(out -> out.writeBytes("NBDMAGICIHAVEOPT\0\0"), null, "no fixed newstyle handshake");
    refused(NbdHandshakeTest::nothing, null, "does not answer within 1 s");
  }

  @Test
  void shouldRefuseAnswersThatAreNone() throws IOException {
    refused(null, NbdHandshakeTest::nothing, "does not answer within 1 s");
    refused(null, out -> out.write(new byte[20]), "it answers what was not asked");
    refused(
        null,
        out -> {
          out.writeLong(0x0003_e889_0455_65a9L);
          out.writeInt(7);
          out.writeInt(3);
          out.writeInt(-2);
        },
        "an answer of 4294967294 bytes");
    refused(null, out -> FakeNbdServer.reply(out, 3, new byte[1]), "information of 1 bytes");
    refused(
        null,
        out -> FakeNbdServer.reply(out, 3, new byte[11]),
        "information of 11 bytes where it has 12");
    refused(null, out -> FakeNbdServer.reply(out, 9, new byte[0]), "an answer of type 9");
    refused(
        null,
        out -> FakeNbdServer.reply(out, 1, new byte[0]),
        "it does not say how long the export is");
    refused(null, NbdHandshakeTest::endless, "it answers without end");
    refused(null, out -> FakeNbdServer.reply(out, 1 << 31 | 5, new byte[0]), "wants TLS");
    refused(null, out -> FakeNbdServer.reply(out, 1 << 31 | 1, new byte[0]), "it has no option GO");
    refused(
        null,
        out ->
            FakeNbdServer.reply(
                out, 1 << 31 | 2, "not \033[31mnow\n".getBytes(StandardCharsets.UTF_8)),
        "the server refuses it (not  [31mnow)");
  }

  @Test
  void shouldConnectOverTcpAndSayWhereNobodyListens() throws Exception {
    int port;
    CountDownLatch accepted = new CountDownLatch(1);
    try (ServerSocket listener = new ServerSocket()) {
      listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      port = listener.getLocalPort();
      Thread server =
          new Thread(
              () -> {
                try (var client = listener.accept()) {
                  client
                      .getOutputStream()
                      .write("NBDMAGIC, or not".getBytes(StandardCharsets.UTF_8));
                  accepted.countDown();
                } catch (IOException e) {
                  // The test fails below.
                }
              },
              "TCP server");
      server.start();
      try (Fd fd = NbdAddress.parse("nbd://127.0.0.1:" + port, null).connect(linux)) {
        assertThatThrownBy(() -> NbdHandshake.run(fd, "", 5))
            .hasMessageContaining("closes the connection");
      }
      accepted.await();
      server.join();
    }
    try (Fd fd = NbdAddress.parse("nbd://127.0.0.1:" + port, null).connect(linux)) {
      assertThatThrownBy(() -> NbdHandshake.run(fd, "", 5))
          .isInstanceOfSatisfying(
              ErrnoException.class, e -> assertThat(e.is(Errno.ECONNREFUSED)).isTrue());
    } catch (ErrnoException e) {
      assertThat(e.is(Errno.ECONNREFUSED)).as("at once").isTrue();
    }
  }

  @Test
  void shouldReadAddresses() {
    assertThat(NbdAddress.parse("nbd:unix:/run/a b.sock", "x"))
        .isEqualTo(new NbdAddress("/run/a b.sock", null, 0, "x"))
        .hasToString("nbd:unix:/run/a b.sock");
    assertThat(NbdAddress.parse("nbd://host/disk%201", null))
        .isEqualTo(new NbdAddress(null, "host", 10809, "disk 1"))
        .hasToString("nbd://host:10809");
    assertThat(NbdAddress.parse("nbd://[::1]:99", "y"))
        .isEqualTo(new NbdAddress(null, "[::1]", 99, "y"));
    for (String wrong :
        new String[] {
          "nbd:",
          "nbd:host:1",
          "nbd:unix:",
          "nbd://",
          "nbd://h:0",
          "nbd://h:70000",
          "nbd://h?x",
          "nbd://u@h",
          "nbd:unix:/" + "x".repeat(107)
        }) {
      assertThatThrownBy(() -> NbdAddress.parse(wrong, null))
          .as(wrong)
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> NbdAddress.parse("nbd://h/a", "b"))
        .hasMessageContaining("the export is named twice");
  }
}
