package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javelin.boot.lab.LabKernel;
import javelin.boot.machine.AssignSpec;
import javelin.passthrough.binding.BindingHost;
import javelin.passthrough.binding.HeldDevices;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.machine.StopReason;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What one guest leaves in a device's registers, the next one must not find. */
@Tag("lab")
@Tag("devices")
@Timeout(600)
final class StateLeakTest {
  private static final BindingHost HOST = BindingHost.system(note -> {});

  @TempDir Path folder;

  private LabKernel kernel;
  private Path initramfs;

  @BeforeEach
  void prepare() throws Exception {
    kernel = LabKernel.of(LinuxGuest.kernel());
    initramfs = LinuxGuest.writeInitramfs(folder.resolve("initramfs.cpio"), Map.of());
  }

  /**
   * A register of a device in slot {@code slot} of the guest that has no driver there.
   *
   * @param offset in BAR 0
   * @param scratch what the first guest writes and reads back
   * @param afterReset what it holds after a reset
   */
  private record Register(
      String name, HostAddress device, int slot, int offset, String scratch, String afterReset) {
    String read(LinuxGuest guest) throws InterruptedException {
      return guest.shell(open() + "; devmem $((bar + " + offset + "))");
    }

    void write(LinuxGuest guest) throws InterruptedException {
      guest.shell(open() + "; devmem $((bar + " + offset + ")) 32 " + scratch);
    }

    private String open() {
      String node = String.format("/sys/bus/pci/devices/0000:00:%02x.0", slot);
      return "echo 1 > " + node + "/enable; bar=$(head -n 1 " + node + "/resource | cut -d' ' -f1)";
    }
  }

  /** NVMe by FLR; xHCI, which has no reset of its own, by its bus behind a root port. */
  @Test
  void shouldNotFindWhatTheGuestBeforeItWrote() throws Exception {
    List<Register> registers = new ArrayList<>();
    // NVM Express Base 2.0, 3.1.3.5: CC, with enabling off but I/O queue entry sizes set.
    HostAddress nvme = LabPci.find("1b36", "0010", 0);
    registers.add(new Register("NVMe CC", nvme, 3, 0x14, "0x00460000", "0x00000000"));
    HostAddress xhci = LabPci.find("1b36", "000d", 0);
    assertThat(HostFiles.system().text(xhci.sysfs() + "/reset_method")).contains("bus");
    // xHCI 1.2, 5.4.7: CONFIG, behind 0x40 bytes of capability registers in QEMU's.
    registers.add(new Register("xHCI CONFIG", xhci, 4, 0x78, "0x00000008", "0x00000000"));

    List<HostAddress> addresses = registers.stream().map(Register::device).toList();
    try (HeldDevices held = HeldDevices.take(HOST, addresses, false)) {
      assertThat(held.addresses()).containsExactlyElementsOf(addresses);
      try (LinuxGuest first = guest(registers)) {
        for (Register register : registers) {
          assertThat(register.read(first)).as(register.name()).isEqualTo(register.afterReset());
          register.write(first);
          assertThat(register.read(first)).as(register.name()).isEqualTo(register.scratch());
        }
        end(first);
      }
      try (LinuxGuest second = guest(registers)) {
        for (Register register : registers) {
          assertThat(register.read(second)).as(register.name()).isEqualTo(register.afterReset());
        }
        end(second);
      }
    }
  }

  private LinuxGuest guest(List<Register> registers) throws InterruptedException {
    List<AssignSpec> specs = new ArrayList<>();
    for (Register register : registers) {
      String spec = LabPci.spec(register.device()) + ",addr=" + register.slot();
      specs.add(AssignSpec.parse("--assign", spec, false));
    }
    return new LinuxGuest(kernel.image(), initramfs, config -> config.cpus(1).assigned(specs))
        .ready();
  }

  private static void end(LinuxGuest guest) throws Exception {
    guest.type("off");
    assertThat(guest.stopReason()).as(guest.console()).isEqualTo(new StopReason.PoweredOff());
  }
}
