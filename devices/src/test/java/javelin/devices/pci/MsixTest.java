package javelin.devices.pci;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import javelin.devices.virtio.bench.FakeVm;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.irq.Msi;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class MsixTest {
  private static final int COUNT = 70;
  private static final int TRIGGERS = 2_000;
  private static final long MESSAGES = 0xfee0_0000L;
  private static final int ENABLE = 1 << 15;
  private static final int FUNCTION_MASK = 1 << 14;

  private final FakeSyscalls syscalls = new FakeSyscalls();
  private final FakeVm kvm = new FakeVm(syscalls);
  private final GsiRoutes routes = new GsiRoutes(kvm.vm());
  private final ConfigSpace config = new ConfigSpace(ConfigSpace.PCI_LENGTH);
  private final List<String> problems = new ArrayList<>();
  private final Msix msix = new Msix(new Linux(syscalls), kvm.vm(), routes, COUNT, problems::add);
  private final int capability;

  MsixTest() {
    msix.addTo(config, 2, 0x1000, 0x2000);
    capability = Capabilities.find(Capabilities.standard(config::read), 0x11).orElseThrow();
  }

  @AfterEach
  void close() {
    msix.close();
    assertThat(routes.allocate()).as("all GSIs are given back").isEqualTo(GsiRoutes.IOAPIC_PINS);
    kvm.close();
    syscalls.requireNothingOpen();
    syscalls.close();
    assertThat(problems).isEmpty();
  }

  private void control(int value) {
    config.write(capability + 2, 2, value);
    msix.follow(config);
  }

  private void entry(int vector, boolean isMasked) {
    msix.writeTable(16L * vector, 8, MESSAGES | (long) vector << 12);
    msix.writeTable(16L * vector + 8, 8, vector | (isMasked ? 1L << 32 : 0));
  }

  @Test
  void shouldDescribeItselfInTheCapability() {
    assertThat(config.read(capability + 2, 2)).isEqualTo(COUNT - 1);
    assertThat(config.read(capability + 4, 4)).isEqualTo(0x1002);
    assertThat(config.read(capability + 8, 4)).isEqualTo(0x2002);
    config.write(capability, 4, -1);
    config.write(capability + 4, 4, -1);
    assertThat(config.read(capability + 2, 2)).isEqualTo(ENABLE | FUNCTION_MASK | COUNT - 1);
    assertThat(config.read(capability + 4, 4)).isEqualTo(0x1002);
    assertThat(msix.covers(capability + 2)).isTrue();
    assertThat(msix.covers(capability + 12)).isFalse();
  }

  @Test
  void shouldRouteAllVectorsAtOnceWhenItIsSwitchedOn() {
    for (int i = 0; i < COUNT; i++) {
      entry(i, false);
    }
    assertThat(kvm.irqfds()).isZero();
    control(ENABLE);
    assertThat(msix.isEnabled()).isTrue();
    assertThat(kvm.irqfds()).isEqualTo(COUNT);
    assertThat(kvm.routeChanges()).isEqualTo(1);
    msix.trigger(69);
    assertThat(kvm.deliver()).containsExactly(new Msi(MESSAGES | 69 << 12, 69));
    control(0);
    assertThat(kvm.irqfds()).isZero();
    control(ENABLE);
    assertThat(kvm.routeChanges()).as("nothing has changed").isEqualTo(1);
  }

  @Test
  void shouldShowWhatWaitsBehindMasks() {
    control(ENABLE);
    entry(3, true);
    entry(65, true);
    msix.trigger(3);
    msix.trigger(65);
    msix.trigger(65);
    assertThat(msix.readPending(0, 8)).isEqualTo(1 << 3);
    assertThat(msix.readPending(8, 4)).isEqualTo(1 << 1);
    assertThat(msix.readPending(12, 4)).isZero();
    assertThat(msix.readPending(16, 8)).as("behind the end").isZero();
    assertThat(msix.readPending(8, 8)).as("reading takes nothing").isEqualTo(1 << 1);
    entry(65, false);
    assertThat(kvm.deliver()).containsExactly(new Msi(MESSAGES | 65 << 12, 65));
    assertThat(msix.readPending(8, 8)).isZero();
    control(ENABLE | FUNCTION_MASK);
    msix.trigger(65);
    assertThat(msix.readPending(8, 8)).isEqualTo(1 << 1);
  }

  @Test
  void shouldForgetEverythingAtAReset() {
    control(ENABLE);
    entry(0, false);
    entry(1, true);
    msix.trigger(1);
    msix.reset();
    assertThat(msix.isEnabled()).isFalse();
    assertThat(kvm.irqfds()).isZero();
    assertThat(msix.readPending(0, 8)).isZero();
    assertThat(msix.readTable(12, 4)).isEqualTo(1);
  }

  @Test
  void shouldDeliverTheOtherVectorsWhenOneMessageIsRefused() {
    entry(0, false);
    entry(1, false);
    msix.writeTable(4, 4, 0x77);
    control(ENABLE);
    assertThat(problems).singleElement().asString().startsWith("MSI-X vector 0 stays silent");
    problems.clear();
    msix.trigger(0);
    msix.trigger(1);
    assertThat(kvm.deliver()).containsExactly(new Msi(MESSAGES | 1 << 12, 1));
  }

  @Test
  @Timeout(60)
  void shouldLoseNoInterruptWhenTheGuestMasksAtTheSameTime() throws InterruptedException {
    entry(0, false);
    control(ENABLE);
    AtomicBoolean isOver = new AtomicBoolean();
    Thread vcpu =
        new Thread(
            () -> {
              while (!isOver.get()) {
                msix.writeTable(12, 4, 1);
                msix.readPending(0, 8);
                msix.writeTable(12, 4, 0);
              }
            },
            "vcpu");
    vcpu.start();
    for (int i = 0; i < TRIGGERS; i++) {
      msix.trigger(0);
      while (kvm.deliver().isEmpty()) {
        Thread.onSpinWait();
      }
    }
    isOver.set(true);
    vcpu.join();
  }
}
