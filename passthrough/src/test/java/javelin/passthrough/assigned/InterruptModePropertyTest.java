package javelin.passthrough.assigned;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.IntxRouter;
import javelin.devices.pci.PciIdentity;
import javelin.passthrough.fake.AssignBench;
import javelin.passthrough.model.ModelShape;
import javelin.passthrough.vfio.KernelVfio;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioRegion;
import javelin.vmm.irq.Msi;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random guests at MSI, and at the switches between the three kinds of interrupt, against a simple
 * model (PCI Local Bus 3.0, 6.8.1). What VFIO refuses, such as a second kind while one is on, the
 * fake notes.
 */
final class InterruptModePropertyTest {
  private static final int BAR = 2;
  private static final long BASE = 0xc000_0000L;
  private static final int MSIX_VECTORS = 3;
  private static final int MSI = 0x40;
  private static final int GSI = IntxRouter.FIRST_GSI + 3;
  private static final int STEPS = 2_500;

  private final Random random = new Random();
  private final List<Msi> expected = new ArrayList<>();
  private AssignBench bench;
  private AssignedFunction function;

  /** Of the device. */
  private int vectors;

  private boolean is64Bit;
  private boolean isMaskable;
  private int msix;

  /** Of the model. */
  private boolean isMsixOn;

  private boolean isMsiOn;
  private long address;
  private int data;
  private int count;
  private int masked;
  private int pending;

  @ParameterizedTest
  @CsvSource({
    "1, 1, false, false",
    "2, 1, true, true",
    "3, 2, true, false",
    "4, 4, false, true",
    "5, 8, true, true",
    "6, 16, true, false",
    "7, 32, true, true"
  })
  void shouldHaveOneKindOnAndDeliverMsi(long seed, int some, boolean has64Bit, boolean hasMasks) {
    random.setSeed(seed);
    vectors = some;
    is64Bit = has64Bit;
    isMaskable = hasMasks;
    ModelShape shape =
        new ModelShape(new PciIdentity(0x1234, 1, 0xff00, 0, 0, 0), ConfigSpace.PCI_LENGTH)
            .bar(BAR, 0x4000, 0, List.of(new VfioRegion.Area(0, 0x4000)))
            .pin()
            .msi(vectors, is64Bit, isMaskable);
    msix = MSI + (10 + (is64Bit ? 4 : 0) + (isMaskable ? 10 : 0) + 3 & ~3);
    shape.msix(MSIX_VECTORS, BAR, 0x1000, 0x2000, seed % 2 == 0).resettable();
    try (AssignBench made = new AssignBench(shape)) {
      bench = made;
      try (KernelVfio vfio = bench.open();
          AssignedFunction assigned = bench.assign(vfio.devices().get(0))) {
        function = assigned;
        function.writeConfig(0x18, 4, BASE);
        function.writeConfig(4, 2, 6);
        for (int step = 0; step < STEPS; step++) {
          check("seed " + seed + ", step " + step + ": " + act());
        }
      }
      assertThat(bench.vfio.currentIrq()).isEqualTo(-1);
      assertThat(bench.kvm.irqfds()).isEmpty();
      assertThat(bench.kvm.routes()).isEmpty();
    }
  }

  private String act() {
    return switch (random.nextInt(10)) {
      case 0 -> writeMsixControl();
      case 1 -> writeMsiControl();
      case 2 -> writeMessage();
      case 3 -> unmaskMsix();
      case 4, 5, 6 -> writeMasks();
      default -> signal();
    };
  }

  private boolean isMsi() {
    return isMsiOn && !isMsixOn;
  }

  /** What starts now starts with nothing pending. */
  private void switched(boolean wasMsi) {
    if (isMsi() != wasMsi) {
      pending = 0;
    }
  }

  private String writeMsixControl() {
    boolean wasMsi = isMsi();
    isMsixOn = random.nextInt(3) == 0;
    function.writeConfig(msix + 2, 2, isMsixOn ? 0x8000 : 0);
    switched(wasMsi);
    return "MSI-X " + isMsixOn;
  }

  private String writeMsiControl() {
    boolean wasMsi = isMsi();
    boolean isOn = random.nextInt(4) != 0;
    // How many vectors there are may not change while they are on.
    int enabled = isMsiOn ? Integer.numberOfTrailingZeros(count) : random.nextInt(6);
    isMsiOn = isOn;
    count = Math.min(1 << enabled, vectors);
    int control = enabled << 4 | (isOn ? 1 : 0);
    if (random.nextBoolean()) {
      function.writeConfig(MSI + 2, 2, control);
    } else {
      function.writeConfig(MSI, 4, (long) control << 16);
    }
    switched(wasMsi);
    return "MSI " + isOn + ", vectors " + count;
  }

  private String writeMessage() {
    address = 0xfee0_0000L | random.nextInt(256) << 12;
    data = random.nextInt(0x1_0000);
    function.writeConfig(MSI + 4, 4, address | 3);
    if (is64Bit) {
      int high = random.nextInt(2);
      function.writeConfig(MSI + 8, 4, high);
      address |= (long) high << 32;
    }
    function.writeConfig(MSI + (is64Bit ? 12 : 8), 2, data);
    flush();
    return String.format("message 0x%x 0x%x", address, data);
  }

  private int maskBits() {
    return MSI + (is64Bit ? 16 : 12);
  }

  private String writeMasks() {
    if (!isMaskable) {
      return "no masks";
    }
    masked = random.nextInt() | 1 << random.nextInt(vectors);
    function.writeConfig(maskBits(), 4, Integer.toUnsignedLong(masked));
    flush();
    return String.format("masks 0x%x", masked);
  }

  private String unmaskMsix() {
    int vector = random.nextInt(MSIX_VECTORS);
    bench.mmio.write(BASE + 0x1000 + vector * 16L, 8, 0xfee0_0000L);
    bench.mmio.write(BASE + 0x100c + vector * 16L, 4, random.nextInt(2));
    return "MSI-X vector " + vector;
  }

  private String signal() {
    int vector = random.nextInt(vectors);
    if (isMsi() && vector < count) {
      bench.kvm.signal(bench.vfio.triggers()[vector]);
      pending |= 1 << vector;
      flush();
    }
    return "signal " + vector;
  }

  private void flush() {
    for (int i = 0; isMsi() && i < count; i++) {
      if ((pending & ~masked & (1 << i)) != 0) {
        pending &= ~(1 << i);
        expected.add(new Msi(address, (data & -count) | i));
      }
    }
  }

  private void check(String what) {
    assertThat(bench.kvm.deliver()).as(what).containsExactlyInAnyOrderElementsOf(expected);
    expected.clear();
    int kind = isMsixOn ? VfioIrq.MSIX : isMsiOn ? VfioIrq.MSI : VfioIrq.INTX;
    assertThat(bench.vfio.currentIrq()).as(what).isEqualTo(kind);
    if (kind == VfioIrq.INTX) {
      assertThat(bench.kvm.irqfds().values()).as(what).containsExactly(GSI);
      assertThat(bench.kvm.routes()).as(what).isEmpty();
    } else {
      assertThat(bench.kvm.irqfds().values()).as(what).doesNotContain(GSI);
    }
    if (kind == VfioIrq.MSI) {
      int all = (int) ((1L << count) - 1);
      assertThat(bench.vfio.triggers()).as(what).hasSize(count);
      assertThat(bench.kvm.irqfds()).as(what).hasSize(Integer.bitCount(all & ~masked));
    }
    if (isMaskable) {
      assertThat(function.readConfig(maskBits() + 4, 4))
          .as(what)
          .isEqualTo(Integer.toUnsignedLong(pending));
    }
    assertThat(bench.problems).as(what).isEmpty();
    assertThat(bench.vfio.violations()).as(what).isEmpty();
    assertThat(bench.kvm.violations()).as(what).isEmpty();
  }
}
