package javelin.devices.virtio.balloon;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import javelin.devices.virtio.VirtioTransport;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.Test;

/** On the RAM that guests have, and the kernel. */
class GuestPagesTest {
  private static final int RAM = 4 << 20;
  private static final int PAGE = 4096;

  private final List<String> problems = new ArrayList<>();
  private final VirtioTransport transport =
      new VirtioTransport() {
        @Override
        public void kick(int index) {}

        @Override
        public void serve(int index) {}

        @Override
        public void configChanged() {}

        @Override
        public EventFd event(int index) {
          throw new AssertionError("nothing is late");
        }

        @Override
        public void report(String problem) {
          problems.add(problem);
        }
      };

  @Test
  void shouldTakeThePagesAndNoOthersFromTheGuest() {
    GuestMemory memory = new GuestMemory();
    Linux linux = Linux.system();
    try (GuestRam ram = GuestRam.create(linux, RamConfig.of(RAM), memory)) {
      assertThat(ram.config().size()).isEqualTo(RAM);
      memory.fill(0, RAM, 0x11);
      GuestPages pages = new GuestPages(linux.syscalls(), transport);
      pages.add(memory.hostAddress(3 * PAGE - 1, 1), 2 * PAGE + 2);
      pages.giveBack();
      pages.add(memory.hostAddress(8 * PAGE, 1), PAGE);
      pages.clear();
      pages.giveBack();
      for (int page = 0; page < 10; page++) {
        boolean isGone = page == 3 || page == 4;
        assertThat(memory.readU64((long) page * PAGE))
            .as("page %d", page)
            .isEqualTo(isGone ? 0 : 0x1111_1111_1111_1111L);
      }
      memory.writeU64(3 * PAGE, 7);
      assertThat(memory.readU64(3 * PAGE)).isEqualTo(7);
      assertThat(problems).isEmpty();
    }
  }

  @Test
  void shouldSayWhyWhenTheKernelRefuses() {
    GuestPages pages = new GuestPages(Linux.system().syscalls(), transport);
    pages.add(PAGE, PAGE); // Nothing is mapped there.
    pages.giveBack();
    assertThat(problems)
        .singleElement()
        .asString()
        .startsWith("1 pages are not given back to the host: madvise: ENOMEM");
  }
}
