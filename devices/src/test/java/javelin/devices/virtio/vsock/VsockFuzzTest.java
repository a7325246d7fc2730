package javelin.devices.virtio.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.RingLayout;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.Tag;

/**
 * A guest and programs of the host's that do to a socket device whatever the input says (Jazzer),
 * as {@link javelin.devices.virtio.blk.BlkFuzzTest} does for a disk.
 *
 * <p>An input is: features (1 byte: 1 indirect descriptors, 2 event index, 8 packed rings), then
 * steps, a byte for what is done and then what that takes: {@link Script}. A program of the host's
 * listens at port 80.
 */
@Tag("fuzz")
class VsockFuzzTest {
  private static final int RAM = 1 << 20;
  private static final long SENT = 0x4_0000;
  private static final long ROOM = 0x8_0000;
  private static final int MOST_STEPS = 64;
  private static final int HEADER = PacketHeader.LENGTH;
  private static final int PORT = 80;
  private static final int LAST_PORT = 7;

  /** Writes to both. */
  private static final class Tee extends FilterOutputStream {
    private final ByteArrayOutputStream copy;

    Tee(OutputStream out, ByteArrayOutputStream copy) {
      super(out);
      this.copy = copy;
    }

    @Override
    public void write(int value) throws IOException {
      super.write(value);
      copy.write(value);
    }
  }

  /** What one JVM needs, for all inputs. */
  private static final class Rig {
    static final Rig INSTANCE = new Rig();

    final GuestMemory memory = new GuestMemory();
    final CheckedSockets sockets = new CheckedSockets(memory, RAM);
    final ByteArrayOutputStream errors = new ByteArrayOutputStream();
    final EventLoop loop;
    final ServerSocketChannel server;
    final String path;

    private Rig() {
      GuestRam.create(Linux.system(), RamConfig.of(RAM), memory);
      try {
        Path folder = Files.createTempDirectory("vsock");
        path = folder.resolve("v").toString();
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(path + "_" + PORT)).configureBlocking(false);
        folder.toFile().deleteOnExit();
        Path.of(path + "_" + PORT).toFile().deleteOnExit();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      loop = new EventLoop(sockets.linux(), "vsock fuzz test");
      // What a handler of the loop's throws is logged, and goes nowhere else.
      System.setErr(new PrintStream(new Tee(System.err, errors), true, StandardCharsets.UTF_8));
    }
  }

  /** One input. */
  private static final class Script {
    private final Rig rig = Rig.INSTANCE;
    private final GuestMemory memory = rig.memory;
    private final List<SocketChannel> programs = new ArrayList<>();
    private final ByteBuffer input;
    private final RingLayout layout;
    private final boolean hasIndirect;
    private final boolean hasEventIndex;
    private final VsockFuzzBench bench;

    Script(ByteBuffer input, VsockFuzzBench bench) {
      this.input = input;
      this.bench = bench;
      int features = input.get();
      layout = (features & 8) != 0 ? RingLayout.PACKED : RingLayout.SPLIT;
      hasIndirect = (features & 1) != 0;
      hasEventIndex = (features & 2) != 0;
    }

    private int u8() {
      return input.get() & 0xff;
    }

    private int u16() {
      return input.getShort() & 0xffff;
    }

    private void start() {
      bench.start(layout, hasIndirect, hasEventIndex);
    }

    void run() throws IOException {
      bench.step(this::start);
      try {
        for (int i = 0; i < MOST_STEPS && input.hasRemaining(); i++) {
          int what = u8();
          bench.step(() -> take(what));
          bench.step(this::accept);
          assertThat(rig.sockets.open()).isLessThanOrEqualTo(1 + Connections.MOST);
        }
      } catch (BufferUnderflowException e) {
        // The end of the input.
      }
      finish();
    }

    private void take(int what) throws IOException {
      try {
        switch (what % 10) {
          case 0, 1 -> packet();
          case 2 -> room();
          case 3 -> scribble();
          case 4 -> connect();
          case 5 -> write();
          case 6 -> read();
          case 7 -> hangUp();
          case 8 -> start();
          default -> bench.kick(u8() & 1);
        }
      } catch (BufferUnderflowException e) {
        input.position(input.limit());
      }
    }

    /** A packet of the guest's in a chain that is one; its CIDs, type and length may be wrong. */
    private void packet() {
      int odd = u8();
      int length = u16() & 0x1fff;
      memory.writeU64(SENT, (odd & 1) != 0 ? input.getLong() : VsockBench.CID);
      memory.writeU64(SENT + 8, (odd & 2) != 0 ? input.getLong() : 2);
      memory.writeU32(SENT + 16, u8() & 3);
      memory.writeU32(SENT + 20, targetPort());
      memory.writeU32(SENT + 24, (odd & 4) != 0 ? input.getInt() & 0xffff_ffffL : length);
      memory.writeU16(SENT + 28, (odd & 8) != 0 ? u16() : 1);
      memory.writeU16(SENT + 30, (odd & 16) != 0 ? u16() : u8() & 7);
      memory.writeU32(SENT + 32, u8());
      memory.writeU32(SENT + 36, (odd & 32) != 0 ? input.getInt() & 0xffff_ffffL : 1 << 16);
      memory.writeU32(SENT + 40, (odd & 64) != 0 ? input.getInt() & 0xffff_ffffL : 0);
      ModelRing ring = bench.rings[VirtioVsock.FROM_GUEST];
      if (length == 0) {
        ring.send(1, SENT, HEADER);
      } else if ((odd & 128) != 0) {
        ring.send(1, SENT, HEADER + length);
      } else {
        ring.send(3, SENT, 20, SENT + 20, HEADER - 20 + length / 2, SENT + 0x4000, length);
      }
      bench.kick(VirtioVsock.FROM_GUEST);
    }

    /** Where a program listens, where none does, and those that the device gives to the host's. */
    private long targetPort() {
      int port = u8();
      return port < 128 ? PORT + (port & 1) : (1L << 30) + (port & 7);
    }

    /** Buffers for packets to the guest. */
    private void room() {
      int count = u8() & 7;
      int length = u16() & 0x1fff;
      for (int i = 0; i <= count; i++) {
        bench.rings[VirtioVsock.TO_GUEST].send(0, ROOM + i * 0x2000L, Math.max(1, length));
      }
      bench.kick(VirtioVsock.TO_GUEST);
    }

    /** A descriptor of a ring or of an indirect table, and anything made available. */
    private void scribble() {
      int where = u8();
      ModelRing ring = bench.rings[where & 1];
      int index = u8();
      long at =
          (where & 2) != 0
              ? VsockFuzzBench.TABLE + 16L * index
              : ring.descriptors() + 16L * (index % VsockFuzzBench.SIZE);
      long address = (where & 4) != 0 ? input.getInt() : VsockFuzzBench.TABLE + 16L * u8();
      long length = (where & 8) != 0 ? input.getInt() & 0xffff_ffffL : u8();
      ring.descriptorAt(at, address, length, u8(), u8());
      if ((where & 16) != 0) {
        ring.offer(u8());
      } else if ((where & 32) != 0) {
        ring.claim(u8());
      }
      bench.kick(where & 1);
    }

    /** A program of the host's asks for a port of the guest's, or for what is none. */
    private void connect() throws IOException {
      int kind = u8();
      byte[] line = ("CONNECT " + (kind & 3) + "\n").getBytes(StandardCharsets.US_ASCII);
      if (kind >= 128) {
        line = new byte[kind & 31];
        input.get(line);
      }
      SocketChannel program = SocketChannel.open(UnixDomainSocketAddress.of(rig.path));
      program.configureBlocking(false);
      programs.add(program);
      program.write(ByteBuffer.wrap(line));
    }

    private void accept() throws IOException {
      for (SocketChannel one = rig.server.accept(); one != null; one = rig.server.accept()) {
        one.configureBlocking(false);
        programs.add(one);
      }
    }

    private SocketChannel program() {
      int which = u8();
      return programs.isEmpty() ? null : programs.get(which % programs.size());
    }

    private void write() {
      SocketChannel program = program();
      int length = u16();
      try {
        if (program != null) {
          program.write(ByteBuffer.allocate(length));
        }
      } catch (IOException e) {
        // The device has closed it, or this program has.
      }
    }

    private void read() {
      SocketChannel program = program();
      int length = u16();
      try {
        if (program != null) {
          program.read(ByteBuffer.allocate(length));
        }
      } catch (IOException e) {
        // As above.
      }
    }

    private void hangUp() {
      SocketChannel program = program();
      int how = u8() % 3;
      try {
        if (program == null) {
          return;
        }
        switch (how) {
          case 0 -> program.close();
          case 1 -> program.shutdownInput();
          default -> program.shutdownOutput();
        }
      } catch (IOException e) {
        // As above.
      }
    }

    /** After a reset, with its programs gone, the device works as if nothing had been. */
    private void finish() throws IOException {
      bench.step(this::accept);
      for (SocketChannel program : programs) {
        program.close();
      }
      bench.step(this::start);
      bench.step(() -> {}); // Before it, the device hears of all that have hung up.
      assertThat(rig.sockets.open()).as("all but the listener's are closed").isEqualTo(1);
      bench.step(
          () -> {
            bench.rings[VirtioVsock.TO_GUEST].send(0, ROOM, 0x1000);
            bench.kick(VirtioVsock.TO_GUEST);
            requestOfGuest();
          });
      bench.step(
          () -> {
            assertThat(bench.rings[VirtioVsock.TO_GUEST].usedIndex()).isEqualTo(1);
            assertThat(memory.readU16(ROOM + 30)).isEqualTo(PacketHeader.RESPONSE);
            assertThat(memory.readU32(ROOM + 20)).isEqualTo(LAST_PORT);
            rig.server.accept().close();
          });
    }

    private void requestOfGuest() {
      memory.writeU64(SENT, VsockBench.CID);
      memory.writeU64(SENT + 8, 2);
      memory.writeU32(SENT + 16, LAST_PORT);
      memory.writeU32(SENT + 20, PORT);
      memory.writeU32(SENT + 24, 0);
      memory.writeU32(SENT + 28, 1 | PacketHeader.REQUEST << 16);
      bench.rings[VirtioVsock.FROM_GUEST].send(1, SENT, HEADER);
      bench.kick(VirtioVsock.FROM_GUEST);
    }
  }

  @FuzzTest(maxDuration = "10m")
  void shouldGoOnWhateverGuestAndHostDo(byte[] bytes) throws IOException {
    Rig rig = Rig.INSTANCE;
    if (bytes.length == 0) {
      return;
    }
    rig.memory.fill(0, RAM, 0);
    rig.errors.reset();
    ByteBuffer input = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    try (VsockFuzzBench bench = new VsockFuzzBench(rig.memory, rig.loop, rig.path)) {
      new Script(input, bench).run();
    }
    assertThat(rig.sockets.open()).as("sockets that are left").isZero();
    assertThat(rig.errors.toString(StandardCharsets.UTF_8)).doesNotContain("ERROR javelin");
  }
}
