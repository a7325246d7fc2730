package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javelin.boot.lab.LabKernel;
import javelin.boot.machine.AssignSpec;
import javelin.passthrough.binding.BindingHost;
import javelin.passthrough.binding.HeldDevices;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.machine.StopReason;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A guest whose device writes where the guest has no RAM.
 *
 * <p>By its name the last class in its lab: QEMU's AMD-Vi (to 11.1 at least) keeps bit 9 of its
 * status register set once Linux has acknowledged an event, and Linux then handles that one event
 * for ever, on one of the host's processors.
 */
@Tag("lab")
@Tag("devices")
@Timeout(300)
final class StrayDmaTest {
  @TempDir Path folder;

  /** Has edu write to an address without RAM (QEMU, docs/specs/edu.rst). */
  @Test
  void shouldEndAtTheIommuAndLeaveHostAndGuestRunning() throws Exception {
    HostAddress edu = LabPci.find("1234", "11e8", 0);
    LabKernel kernel = LabKernel.of(LinuxGuest.kernel());
    Path initramfs = LinuxGuest.writeInitramfs(folder.resolve("initramfs.cpio"), Map.of());
    List<AssignSpec> specs =
        List.of(AssignSpec.parse("--assign", LabPci.spec(edu) + ",addr=7", false));
    BindingHost host = BindingHost.system(note -> {});
    try (HeldDevices held = HeldDevices.take(host, List.of(edu), false);
        LinuxGuest guest =
            new LinuxGuest(kernel.image(), initramfs, config -> config.cpus(1).assigned(specs))) {
      assertThat(held.addresses()).containsExactly(edu);
      guest.ready();
      write(guest, "/sys/bus/pci/devices/0000:00:07.0");
      assertThat(HostSays.kernelLog())
          .containsPattern("(DMAR.*(?i:fault).*60000000|AMD-Vi.*IO_PAGE_FAULT.*60000000)");
      guest.type("off");
      assertThat(guest.stopReason()).as(guest.console()).isEqualTo(new StopReason.PoweredOff());
    }
  }

  private static void write(LinuxGuest guest, String edu) throws InterruptedException {
    guest.shell("echo 1 > " + edu + "/enable");
    guest.shell("printf '\\006' | dd of=" + edu + "/config bs=1 seek=4 conv=notrunc");
    String bar = "$(head -n 1 " + edu + "/resource | cut -d ' ' -f 1)";
    guest.shell("edu=" + bar + "; devmem $edu 32");
    assertThat(guest.shell("devmem $edu 32")).isEqualTo("0x010000ED");
    guest.shell("devmem $((edu + 0x80)) 64 0x40000; devmem $((edu + 0x88)) 64 0x60000000");
    guest.shell("devmem $((edu + 0x90)) 64 4; devmem $((edu + 0x98)) 64 3; sleep 1");
    // Done or refused, the device is ready again, and all go on.
    assertThat(guest.shell("devmem $((edu + 0x98)) 64")).endsWith("2");
  }
}
