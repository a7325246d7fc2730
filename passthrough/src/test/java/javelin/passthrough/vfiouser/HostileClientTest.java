package javelin.passthrough.vfiouser;

import static javelin.passthrough.vfiouser.wire.MessageHeader.LENGTH;
import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javelin.passthrough.model.DeviceModel;
import javelin.passthrough.model.EduModel;
import javelin.passthrough.model.MsixModel;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioRegion;
import javelin.passthrough.vfio.VfioStructs;
import javelin.passthrough.vfiouser.server.VfioUserServer;
import javelin.passthrough.vfiouser.wire.Command;
import javelin.passthrough.vfiouser.wire.MessageHeader;
import javelin.passthrough.vfiouser.wire.Payloads;
import javelin.passthrough.vfiouser.wire.PeerException;
import javelin.passthrough.vfiouser.wire.Version;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.UnixSocket;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that ask for what cannot be, or break off: the server serves the next one. */
@Timeout(60)
final class HostileClientTest {
  private static final int EINVAL = -Errno.EINVAL.number();
  private static final int TRIGGER = VfioStructs.DATA_EVENTFD | VfioStructs.ACTION_TRIGGER;
  private static final int DISABLE = VfioStructs.DATA_NONE | VfioStructs.ACTION_TRIGGER;

  private final Linux linux = Linux.system();
  private final List<String> said = new CopyOnWriteArrayList<>();

  @TempDir Path folder;

  private interface Body {
    void run(RawClient client) throws Exception;
  }

  /** After {@code body} the server still serves. */
  private void with(DeviceModel model, Body body) throws Exception {
    noLeaks(
        () -> {
          String path = folder.resolve("s").toString();
          try (VfioUserServer server =
              VfioUserServer.listen(linux, path, model, List.of(), said::add)) {
            assertThat(server).isNotNull();
            try (RawClient client = new RawClient(UnixSocket.connect(linux, path))) {
              body.run(client);
            }
            RawClient next = agreedWhenFree(path);
            assertThat(next.access(Command.REGION_READ, VfioRegion.CONFIG, 0, 2, 0)).isEqualTo(18);
            assertThat(next.reply().getShort(Payloads.REGION_DATA)).isEqualTo((short) 0x1234);
            next.close();
          }
        });
  }

  /** The server takes one client at a time, and hears of the end of one a little later. */
  private RawClient agreedWhenFree(String path) throws InterruptedException {
    for (int i = 0; i < 1_000; i++) {
      RawClient client = new RawClient(UnixSocket.connect(linux, path));
      try {
        return client.agreed();
      } catch (PeerException e) {
        client.close();
        Thread.sleep(5);
      }
    }
    throw new AssertionError("the server takes no client any more");
  }

  private void edu(Body body) throws Exception {
    with(new EduModel(true), client -> body.run(client.agreed()));
  }

  @Test
  void shouldWantAVersionFirst() throws Exception {
    with(
        new EduModel(),
        client -> {
          assertThat(client.access(Command.REGION_READ, 0, 0, 4, 0)).isEqualTo(EINVAL);
          assertThatThrownBy(client::agreed).isInstanceOf(PeerException.class);
        });
    assertThat(said.get(0)).contains("the client has not begun with a version that fits");
    with(
        new EduModel(),
        client -> {
          assertThat(client.call(Command.VERSION, 4, payload -> payload.putShort(0, (short) 1)))
              .isEqualTo(EINVAL);
        });
    with(
        new EduModel(),
        client -> {
          // Neither capabilities nor descriptors: what the protocol's defaults are for.
          assertThat(client.call(Command.VERSION, 4, payload -> {})).isGreaterThan(4);
          assertThat(client.access(Command.REGION_READ, 0, 0, 4, 0)).isEqualTo(20);
        });
  }

  @Test
  void shouldRefuseAccessesThatLeaveARegion() throws Exception {
    edu(
        client -> {
          int size = 1 << 20;
          assertThat(client.access(Command.REGION_READ, 0, size - 4, 4, 0)).isEqualTo(20);
          assertThat(client.access(Command.REGION_READ, 0, size - 3, 4, 0)).isEqualTo(EINVAL);
          assertThat(client.access(Command.REGION_READ, 0, -1, 4, 0)).isEqualTo(EINVAL);
          assertThat(client.access(Command.REGION_READ, 0, Long.MAX_VALUE, 4, 0)).isEqualTo(EINVAL);
          assertThat(client.access(Command.REGION_READ, 0, 0, -1, 0)).isEqualTo(EINVAL);
          assertThat(client.access(Command.REGION_READ, 0, 0, (64 << 10) + 1, 0)).isEqualTo(EINVAL);
          assertThat(client.access(Command.REGION_READ, 3, 0, 1, 0)).isEqualTo(EINVAL);
          assertThat(client.access(Command.REGION_READ, -1, 0, 1, 0)).isEqualTo(EINVAL);
          assertThat(client.access(Command.REGION_READ, 9, 0, 1, 0)).isEqualTo(EINVAL);
          assertThat(client.access(Command.REGION_WRITE, 0, 0, 8, 4)).isEqualTo(EINVAL);
          assertThat(client.access(Command.REGION_WRITE, 0, 0, -4, 4)).isEqualTo(EINVAL);
          assertThat(client.call(Command.REGION_READ, 8, payload -> {})).isEqualTo(EINVAL);
        });
  }

  @Test
  void shouldServeLargeAndOddAccesses() throws Exception {
    edu(
        client -> {
          assertThat(client.access(Command.REGION_READ, VfioRegion.CONFIG, 0, 256, 0))
              .isEqualTo(16 + 256);
          assertThat(client.reply().getInt(Payloads.REGION_DATA)).isEqualTo(0x11e8_1234);
          assertThat(client.access(Command.REGION_READ, VfioRegion.CONFIG, 1, 3, 0)).isEqualTo(19);
          assertThat(client.reply().getByte(Payloads.REGION_DATA)).isEqualTo((byte) 0x12);
          assertThat(client.access(Command.REGION_READ, 0, 0, 64 << 10, 0))
              .isEqualTo(16 + (64 << 10));
          assertThat(client.access(Command.REGION_WRITE, 0, 1, 4095, 4095)).isEqualTo(16);
          assertThat(client.access(Command.REGION_READ, 0, 0, 0, 0)).isEqualTo(16);
          int many =
              client.call(
                  Command.REGION_WRITE_MULTI,
                  8 + 2 * 24,
                  payload -> {
                    payload.putLong(0, 2);
                    for (int i = 0; i < 2; i++) {
                      payload.putLong(8 + 24 * i, 0x3c);
                      payload.putInt(8 + 24 * i + 8, VfioRegion.CONFIG);
                      payload.putInt(8 + 24 * i + 12, 1);
                      payload.putLong(8 + 24 * i + 16, 0x40 + i);
                    }
                  });
          assertThat(many).isEqualTo(8);
          client.access(Command.REGION_READ, VfioRegion.CONFIG, 0x3c, 1, 0);
          assertThat(client.reply().getByte(Payloads.REGION_DATA)).isEqualTo((byte) 0x41);
          assertThat(client.call(Command.REGION_WRITE_MULTI, 8, p -> p.putLong(0, 1L << 60)))
              .isEqualTo(EINVAL);
        });
  }

  @Test
  void shouldRefuseMemoryThatOverlapsOrWraps() throws Exception {
    edu(
        client -> {
          assertThat(client.map(0x1000, 0x1000, 0)).isZero();
          assertThat(client.map(0x1fff, 1, 0)).isEqualTo(-Errno.EEXIST.number());
          assertThat(client.map(0, 0x2000, 0)).isEqualTo(-Errno.EEXIST.number());
          assertThat(client.map(0x1800, 0x10, 0)).isEqualTo(-Errno.EEXIST.number());
          assertThat(client.map(0x2000, 0, 0)).isEqualTo(EINVAL);
          assertThat(client.map(0x2000, -1, 0)).isEqualTo(EINVAL);
          assertThat(client.map(0x2000, 0x1000, -1)).isEqualTo(EINVAL);
          assertThat(client.map(0x2000, 0x1000, Long.MAX_VALUE)).isEqualTo(EINVAL);
          assertThat(client.map(-0x1000, 0x1001, 0)).isEqualTo(EINVAL);
          assertThat(client.map(-0x1000, 0x1000, 0)).isZero();
          assertThat(client.unmap(0x1000, 0x800)).isEqualTo(-Errno.ENOENT.number());
          assertThat(client.unmap(0x1000, 0x1000)).isEqualTo(Payloads.UNMAP_LENGTH);
          assertThat(client.unmap(0x1000, 0x1000)).isEqualTo(-Errno.ENOENT.number());
          for (int i = 1; i < Version.MOST_MAPS; i++) {
            assertThat(client.map(i * 0x1000L, 0x1000, 0)).isZero();
          }
          assertThat(client.map(1L << 40, 0x1000, 0)).isEqualTo(-Errno.ENOSPC.number());
        });
  }

  /** A file that is shorter than it was said to be: what is not there is asked for, and refused. */
  @Test
  void shouldSurviveAFileThatIsTooShort() throws Exception {
    edu(
        client -> {
          try (Fd file = linux.memfd("short", 0)) {
            linux.setLength(file, 4096);
            assertThat(client.map(0, 1 << 20, 0, file)).isZero();
            assertThat(client.map(1 << 20, 1 << 20, 0, file, file)).isEqualTo(EINVAL);
            client.access(Command.REGION_WRITE, VfioRegion.CONFIG, 4, 1, 1);
            long[] dma = {0x80, 0x8000, 0x88, 0x4_0000, 0x90, 8, 0x98, 1};
            for (int i = 0; i < dma.length; i += 2) {
              long value = dma[i + 1];
              long at = dma[i];
              client.call(
                  Command.REGION_WRITE,
                  Payloads.REGION_DATA + 8,
                  payload -> {
                    payload.putLong(0, at);
                    payload.putInt(Payloads.REGION_COUNT, 8);
                    payload.putLong(Payloads.REGION_DATA, value);
                  });
            }
            client.channel().receive(System.nanoTime() + RawClient.PATIENCE);
            assertThat(MessageHeader.command(client.channel().incoming()))
                .isEqualTo(Command.DMA_READ.number());
            int asked = MessageHeader.id(client.channel().incoming());
            // A command of ours in between is done afterwards.
            MessageHeader.putCommand(client.channel().outgoing(), 77, Command.DEVICE_RESET, LENGTH);
            client.channel().send(LENGTH, List.of(), System.nanoTime() + RawClient.PATIENCE);
            MessageHeader.putError(
                client.channel().outgoing(), asked, Command.DMA_READ.number(), 14);
            client.channel().send(LENGTH, List.of(), System.nanoTime() + RawClient.PATIENCE);
            client.channel().receive(System.nanoTime() + RawClient.PATIENCE);
            assertThat(MessageHeader.id(client.channel().incoming())).isEqualTo(77);
          }
        });
  }

  @Test
  void shouldRefuseInterruptsThatTheDeviceDoesNotHave() throws Exception {
    with(
        new MsixModel(false),
        client -> {
          client.agreed();
          try (EventFd event = linux.eventFd();
              Fd file = linux.memfd("no eventfd", 0)) {
            Fd fd = event.fd();
            assertThat(client.irqs(TRIGGER, VfioIrq.MSIX, 0, 1, file)).isEqualTo(EINVAL);
            assertThat(client.irqs(TRIGGER, VfioIrq.MSIX, 79, 2, fd, fd)).isEqualTo(EINVAL);
            assertThat(client.irqs(TRIGGER, VfioIrq.MSIX, Integer.MAX_VALUE, 1, fd))
                .isEqualTo(EINVAL);
            assertThat(client.irqs(TRIGGER, VfioIrq.MSIX, -1, 1, fd)).isEqualTo(EINVAL);
            assertThat(client.irqs(TRIGGER, VfioIrq.MSIX, 0, -1)).isEqualTo(EINVAL);
            assertThat(client.irqs(TRIGGER, VfioIrq.MSIX, 0, 2, fd)).isEqualTo(EINVAL);
            assertThat(client.irqs(TRIGGER, VfioIrq.MSI, 0, 1, fd)).isEqualTo(EINVAL);
            assertThat(client.irqs(TRIGGER, 77, 0, 1, fd)).isEqualTo(EINVAL);
            assertThat(client.irqs(TRIGGER | 1, VfioIrq.MSIX, 0, 1, fd)).isEqualTo(EINVAL);
            assertThat(client.irqs(1 << 31, VfioIrq.MSIX, 0, 1)).isEqualTo(EINVAL);
            assertThat(client.irqs(DISABLE, VfioIrq.MSIX, 0, 0)).isEqualTo(EINVAL);
            assertThat(client.irqs(TRIGGER, VfioIrq.MSIX, 79, 1, fd)).isZero();
            assertThat(client.irqs(DISABLE, VfioIrq.MSIX, 79, 1)).isZero();
            assertThat(event.drain()).as("loopback").isEqualTo(1);
            assertThat(client.irqs(TRIGGER, VfioIrq.INTX, 0, 1, fd)).isEqualTo(EINVAL);
            assertThat(client.irqs(DISABLE, VfioIrq.MSIX, 0, 0)).isZero();
            assertThat(client.call(Command.DEVICE_SET_IRQS, 8, payload -> {}, fd))
                .isEqualTo(EINVAL);
          }
        });
  }

  @Test
  void shouldUnmaskByTheClientsEventAsTheKernelDoes() throws Exception {
    edu(
        client -> {
          try (EventFd event = linux.eventFd();
              EventFd unmask = linux.eventFd()) {
            assertThat(client.irqs(TRIGGER, VfioIrq.INTX, 0, 1, event.fd())).isZero();
            assertThat(
                    client.irqs(
                        VfioStructs.DATA_EVENTFD | VfioStructs.ACTION_UNMASK,
                        VfioIrq.INTX,
                        0,
                        1,
                        unmask.fd()))
                .isZero();
            client.access(Command.REGION_WRITE, VfioRegion.CONFIG, 4, 1, 1);
            client.access(Command.REGION_WRITE, 0, 0x60, 4, 4);
            assertThat(event.drain()).isEqualTo(1);
            unmask.signal();
            VfioUserBench.await(() -> event.drain() == 1);
          }
        });
  }

  @Test
  void shouldAnswerWhatItDoesNotKnowWithAnError() throws Exception {
    edu(
        client -> {
          int unsupported = -Errno.EOPNOTSUPP.number();
          assertThat(client.call(Command.DEVICE_FEATURE, 8, payload -> {})).isEqualTo(unsupported);
          assertThat(client.call(Command.MIG_DATA_READ, 8, payload -> {})).isEqualTo(unsupported);
          assertThat(client.call(Command.DMA_READ, 16, payload -> {})).isEqualTo(unsupported);
          assertThat(client.call(Command.VERSION, 4, payload -> {})).isEqualTo(unsupported);
          assertThat(client.call(Command.DEVICE_GET_INFO, 0, payload -> {})).isEqualTo(EINVAL);
          assertThat(client.call(Command.DEVICE_GET_REGION_INFO, 32, p -> p.putInt(8, 9)))
              .isEqualTo(EINVAL);
          assertThat(client.call(Command.DEVICE_GET_IRQ_INFO, 16, p -> p.putInt(8, -1)))
              .isEqualTo(EINVAL);
          assertThat(client.call(Command.DEVICE_GET_INFO, 1 << 12, payload -> {})).isEqualTo(16);
        });
  }

  @Test
  void shouldTellHowMuchRoomARegionsAreasNeed() throws Exception {
    with(
        new MsixModel(false),
        client -> {
          client.agreed();
          assertThat(client.call(Command.DEVICE_GET_REGION_INFO, 32, p -> p.putInt(0, 32)))
              .isEqualTo(32);
          assertThat(client.reply().getInt(VfioStructs.ARGSZ)).isEqualTo(64);
          assertThat(client.call(Command.DEVICE_GET_REGION_INFO, 32, p -> p.putInt(0, 64)))
              .isEqualTo(64);
          assertThat(client.reply().getInt(VfioStructs.REGION_CAPABILITY_OFFSET)).isEqualTo(32);
          assertThat(client.channel().descriptorCount()).isEqualTo(1);
        });
  }

  private static int ioFds(RawClient client, int space, int flags, int region, int count) {
    return client.call(
        Command.DEVICE_GET_REGION_IO_FDS,
        Payloads.IO_FDS_LENGTH,
        payload -> {
          payload.putInt(VfioStructs.ARGSZ, space);
          payload.putInt(VfioStructs.FLAGS, flags);
          payload.putInt(VfioStructs.INDEX, region);
          payload.putInt(Payloads.IO_FDS_COUNT, count);
        });
  }

  @Test
  void shouldGiveDoorbellsToWhoAsksForThemRightly() throws Exception {
    with(
        new MsixModel(false),
        client -> {
          client.agreed();
          assertThat(ioFds(client, 1024, 0, 9, 0)).isEqualTo(EINVAL);
          assertThat(ioFds(client, 1024, 0, -1, 0)).isEqualTo(EINVAL);
          assertThat(ioFds(client, 1024, 1, 2, 0)).isEqualTo(EINVAL);
          assertThat(ioFds(client, 1024, 0, 2, 1)).isEqualTo(EINVAL);
          assertThat(ioFds(client, 15, 0, 2, 0)).isEqualTo(EINVAL);
          assertThat(client.call(Command.DEVICE_GET_REGION_IO_FDS, 8, p -> p.putInt(0, 1024)))
              .isEqualTo(EINVAL);
          assertThat(ioFds(client, 1024, 0, 0, 0)).isEqualTo(16);
          assertThat(client.channel().descriptorCount()).isZero();
          assertThat(ioFds(client, 95, 0, 2, 0)).isEqualTo(16);
          assertThat(client.reply().getInt(VfioStructs.ARGSZ)).isEqualTo(96);
          assertThat(client.reply().getInt(Payloads.IO_FDS_COUNT)).isZero();
          assertThat(client.channel().descriptorCount()).isZero();
          assertThat(ioFds(client, -1, 0, 2, 0)).isEqualTo(96);
          assertThat(client.reply().getInt(Payloads.IO_FDS_COUNT)).isEqualTo(2);
          assertThat(client.channel().descriptorCount()).isEqualTo(2);
        });
    assertThat(said).isEmpty();
  }

  @Test
  void shouldOfferAsManyDoorbellsAsTheClientTakesDescriptors() throws Exception {
    with(
        new MsixModel(false),
        client -> {
          // Without capabilities, one.
          client.call(Command.VERSION, 4, payload -> {});
          assertThat(ioFds(client, 1024, 0, 2, 0)).isEqualTo(56);
          assertThat(client.channel().descriptorCount()).isEqualTo(1);
        });
  }

  @Test
  void shouldStandADoorbellThatIsRungWithoutEndAndHearNoneOfAClientThatIsGone() throws Exception {
    List<Fd> kept = new ArrayList<>();
    with(
        new MsixModel(false),
        client -> {
          client.agreed();
          ioFds(client, 1024, 0, 2, 0);
          kept.addAll(client.channel().takeDescriptors());
          client.access(Command.REGION_WRITE, VfioRegion.CONFIG, 4, 1, 1);
          UnsafeBuffer most = NativeMemory.allocate(Long.BYTES);
          most.putLong(0, -2);
          Fd bell = kept.get(0);
          bell.linux().syscalls().write(bell.number(), most.addressOffset(), Long.BYTES);
          client.access(Command.REGION_READ, 2, 0x18, 4, 0);
          assertThat(client.reply().getInt(Payloads.REGION_DATA)).isEqualTo(-2);
          client.close();
          RawClient next = agreedWhenFree(folder.resolve("s").toString());
          linux.eventFd(bell).signal();
          next.access(Command.REGION_READ, 2, 0x18, 4, 0);
          assertThat(next.reply().getInt(Payloads.REGION_DATA)).isEqualTo(-2);
          next.close();
          kept.forEach(Fd::close);
        });
    assertThat(said).isEmpty();
  }

  @Test
  void shouldDropAClientThatBreaksOffOrBabbles() throws Exception {
    edu(
        client -> {
          MessageHeader.putCommand(client.channel().outgoing(), 1, Command.DMA_MAP, 48);
          client.channel().send(20, List.of(), System.nanoTime() + RawClient.PATIENCE);
        });
    edu(
        client -> {
          client.channel().outgoing().setMemory(0, 4096, (byte) -1);
          client.channel().send(4096, List.of(), System.nanoTime() + RawClient.PATIENCE);
        });
    edu(
        client -> {
          MessageHeader.putReply(client.channel().outgoing(), 1, 9, LENGTH);
          client.channel().send(LENGTH, List.of(), System.nanoTime() + RawClient.PATIENCE);
        });
    assertThat(said)
        .anyMatch(line -> line.endsWith("the client has closed the connection in a message"))
        .anyMatch(line -> line.contains("the client has sent a message of 4294967295 bytes"))
        .anyMatch(line -> line.endsWith("the client has answered what it was not asked"));
  }
}
