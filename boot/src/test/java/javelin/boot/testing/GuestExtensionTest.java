package javelin.boot.testing;

import static org.assertj.core.api.Assertions.assertThat;

import javelin.boot.machine.GuestImage;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciIdentity;
import javelin.passthrough.model.DeviceModel;
import javelin.passthrough.model.EduModel;
import javelin.passthrough.model.ModelHost;
import javelin.passthrough.model.ModelShape;
import javelin.vmm.machine.StopReason;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Tag("kvm")
@Timeout(90)
final class GuestExtensionTest {
  /** A device with a register that tells nothing. */
  private static final class Quiet implements DeviceModel {
    private final ModelShape shape =
        new ModelShape(new PciIdentity(0x1234, 1, 0xff0000, 1, 0x1234, 1), ConfigSpace.PCI_LENGTH)
            .bar(0, 4096, 0)
            .resettable();

    @Override
    public ModelShape shape() {
      return shape;
    }

    @Override
    public void connect(ModelHost host) {}

    @Override
    public long read(int bar, long offset, int size) {
      return 0;
    }

    @Override
    public void write(int bar, long offset, int size, long value) {}

    @Override
    public void reset() {}
  }

  @RegisterExtension
  final GuestExtension guest =
      GuestExtension.builtIn(GuestImage.BuiltIn.ASSIGN_CHECK)
          .machine(machine -> machine.cpus(1).ram(RamConfig.of(64 << 20)))
          .device("edu", () -> new EduModel(true))
          .device("quiet", Quiet::new, "vanish");

  @Test
  void shouldTellHowTheGuestAndItsDevicesFare() throws Exception {
    guest.awaitConsole("functions to check: 2: ok");
    assertThat(guest.exit()).isEqualTo(new StopReason.PoweredOff());
    assertThat(guest.console())
        .contains("edu: MSI, 3 in a row: ok", "edu: DMA, 1024 bytes to the device and back: ok")
        .contains("00:02.0 1234:0001", "no register that tells");
    assertThat(guest.messages())
        .containsExactly(
            "javelin: quiet is gone: its server has closed the connection; the guest reads all"
                + " ones of it from now on");
  }

  @Test
  void shouldEndAGuestThatATestDoesNotWaitFor() throws Exception {
    guest.awaitConsole("assign-check");
    assertThat(guest.pressPowerButton()).isFalse();
  }
}
