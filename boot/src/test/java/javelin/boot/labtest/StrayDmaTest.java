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
 * <p>By its name the last class in its lab: QEMU's AMD-Vi makes Linux handle the event for ever,
 * which slows that lab's host down (host.sh).
 */
@Tag("lab")
@Tag("devices")
@Timeout(600)
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
      assertThat(HostSays.kernelLog()).doesNotContainPattern(fault(edu));
      write(guest, "/sys/bus/pci/devices/0000:00:07.0");
      assertThat(HostSays.kernelLog()).containsPattern(fault(edu));
      guest.type("off");
      assertThat(guest.stopReason()).as(guest.console()).isEqualTo(new StopReason.PoweredOff());
    }
  }

  /** What Linux says of it; QEMU's AMD-Vi does not log the address right. */
  private static String fault(HostAddress device) {
    return "(DMAR: .*DMA Write.*fault addr 0x60000000|" + device + ": AMD-Vi: .*IO_PAGE_FAULT)";
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
