package javelin.vmm.irq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import javelin.vmm.kvm.KvmSystem;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.Linux;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class GsiRoutesTest {
  private static final long CREATE_VM = 0xae01;
  private static final long SET_ROUTES = 0x4008_ae6aL;
  private static final int HEADER = 8;
  private static final int ENTRY = 48;
  private static final int MSI_ENTRY = 2;

  /** As the kernel does with a local APIC in x2APIC format. */
  private static final int BAD_UPPER_ADDRESS = 0x55;

  private final List<Integer> routed = new ArrayList<>();

  private long setRoutes(long address) {
    int count = new UnsafeBuffer(address, HEADER).getInt(0);
    UnsafeBuffer table = new UnsafeBuffer(address, HEADER + count * ENTRY);
    routed.clear();
    for (int at = HEADER; at < HEADER + count * ENTRY; at += ENTRY) {
      if (table.getInt(at + 4) == MSI_ENTRY) {
        if (table.getInt(at + 20) == BAD_UPPER_ADDRESS) {
          return -Errno.EINVAL.number();
        }
        routed.add(table.getInt(at));
      }
    }
    return 0;
  }

  @Test
  void shouldTakeARefusedMessageBackSoThatLaterOnesAreRouted() {
    try (FakeSyscalls syscalls = new FakeSyscalls()) {
      syscalls.file("/dev/kvm", new byte[0]).onIoctlOpen(CREATE_VM, "kvm-vm");
      syscalls.onIoctl(SET_ROUTES, (fd, at) -> setRoutes(at));
      try (KvmSystem system = KvmSystem.openUnchecked(new Linux(syscalls), "/dev/kvm");
          KvmVm vm = system.createVm()) {
        GsiRoutes routes = new GsiRoutes(vm);
        int good = routes.allocate();
        int bad = routes.allocate();
        Msi wrong = new Msi((long) BAD_UPPER_ADDRESS << 32 | 0xfee0_0000L, 1);
        assertThatThrownBy(() -> routes.update(batch -> batch.route(bad, wrong)))
            .isInstanceOfSatisfying(
                ErrnoException.class, e -> assertThat(e.is(Errno.EINVAL)).isTrue());
        routes.update(batch -> batch.route(good, new Msi(0xfee0_0000L, 1)));
        assertThat(routed).containsExactly(good);
        int next = routes.allocate();
        assertThat(next).as("the refused GSI is still its owner's").isGreaterThan(bad);
        assertThatThrownBy(
                () ->
                    routes.update(
                        batch -> {
                          batch.free(next);
                          batch.route(bad, wrong);
                        }))
            .isInstanceOf(ErrnoException.class);
        assertThat(routes.allocate()).as("given back in spite of all").isEqualTo(next);
      }
    }
  }
}
