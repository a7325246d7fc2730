package javelin.passthrough.assigned;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javelin.devices.pci.ConfigSpace;
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
 * Random guests and devices at MSI-X, against a simple model of the specification (PCI Local Bus
 * 3.0, 6.8.2) and of what VFIO adds: a vector is set up when the guest first unmasks it; where
 * vectors cannot be added while others are on, all are raised once when they are.
 */
final class MsixPropertyTest {
  private static final int BAR = 2;
  private static final int VECTORS = 140;
  private static final long BASE = 0xc000_0000L;
  private static final long TABLE = BASE + 0x1000;
  private static final int TABLE_LENGTH = VECTORS * 16;
  private static final long PENDING = BASE + 0x2000;
  private static final int CAPABILITY = 0x40;
  private static final int ENABLE = 0x8000;
  private static final int FUNCTION_MASK = 0x4000;
  private static final int STEPS = 2_500;

  /** What MSI-X should be like. */
  private static final class Reference {
    final boolean isFixed;
    final int[] table = new int[VECTORS * 4];
    final boolean[] isPending = new boolean[VECTORS];

    /** What each vector that is set up delivers; null for one that is not. */
    final Msi[] routed = new Msi[VECTORS];

    final List<Msi> delivered = new ArrayList<>();
    int control;
    int allocated;
    int routeChanges;

    Reference(boolean isFixed) {
      this.isFixed = isFixed;
      for (int i = 0; i < VECTORS; i++) {
        table[i * 4 + 3] = 1;
      }
    }

    boolean isOn() {
      return (control & ENABLE) != 0;
    }

    boolean isLive(int vector) {
      return isOn() && (control & FUNCTION_MASK) == 0 && (table[vector * 4 + 3] & 1) == 0;
    }

    Msi message(int vector) {
      long low = Integer.toUnsignedLong(table[vector * 4]);
      return new Msi(low | (long) table[vector * 4 + 1] << 32, table[vector * 4 + 2]);
    }

    /** As many vectors as have an address, but at least {@code least}. */
    private int needed(int least) {
      int count = VECTORS;
      while (count > least && table[(count - 1) * 4] == 0) {
        count--;
      }
      return count;
    }

    void control(int written) {
      boolean wasOn = isOn();
      control = written & (ENABLE | FUNCTION_MASK);
      if (isOn() && !wasOn) {
        allocated = needed(1);
      } else if (!isOn() && wasOn) {
        switchOff();
      }
      follow();
    }

    private void switchOff() {
      boolean wasRouted = false;
      for (int i = 0; i < VECTORS; i++) {
        wasRouted |= routed[i] != null;
        routed[i] = null;
        isPending[i] = false;
      }
      routeChanges += wasRouted ? 1 : 0;
      allocated = 0;
    }

    /** After any change: sets up what is live, and delivers what may be. */
    void follow() {
      List<Integer> fresh = new ArrayList<>();
      boolean isRerouted = false;
      for (int i = 0; i < VECTORS; i++) {
        if (isLive(i) && !message(i).equals(routed[i])) {
          if (routed[i] == null) {
            fresh.add(i);
          }
          routed[i] = message(i);
          isRerouted = true;
        }
      }
      routeChanges += isRerouted ? 1 : 0;
      flush();
      int highest = fresh.isEmpty() ? -1 : fresh.get(fresh.size() - 1);
      if (highest >= allocated) {
        allocated = isFixed ? needed(highest + 1) : highest + 1;
        for (int i = 0; isFixed && i < VECTORS; i++) {
          isPending[i] |= routed[i] != null && !fresh.contains(i);
        }
      }
      flush();
    }

    private void flush() {
      for (int i = 0; i < VECTORS; i++) {
        if (isPending[i] && isLive(i)) {
          isPending[i] = false;
          delivered.add(message(i));
        }
      }
    }

    void signal(int vector) {
      isPending[vector] = true;
      flush();
    }

    long pendingBits(int first, int count) {
      long bits = 0;
      for (int i = 0; i < count && first + i < VECTORS; i++) {
        bits |= isPending[first + i] ? 1L << i : 0;
      }
      return bits;
    }

    long liveCount() {
      long live = 0;
      for (int i = 0; i < VECTORS; i++) {
        live += isLive(i) ? 1 : 0;
      }
      return live;
    }
  }

  private final Random random = new Random();
  private AssignBench bench;
  private AssignedFunction function;
  private Reference reference;

  @ParameterizedTest
  @CsvSource({"1, true", "2, true", "3, false", "4, false"})
  void shouldDeliverAsTheSpecificationHasIt(long seed, boolean isFixed) {
    random.setSeed(seed);
    reference = new Reference(isFixed);
    ModelShape shape =
        new ModelShape(new PciIdentity(0x1234, 1, 0xff00, 0, 0, 0), ConfigSpace.PCI_LENGTH)
            .bar(BAR, 0x4000, 0, List.of(new VfioRegion.Area(0, 0x4000)))
            .msix(VECTORS, BAR, 0x1000, 0x2000, isFixed)
            .resettable();
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
      assertThat(bench.kvm.irqfds()).isEmpty();
      assertThat(bench.kvm.routes()).isEmpty();
    }
  }

  /** Does something at random, to the function and to the reference; returns what. */
  private String act() {
    int kind = random.nextInt(100);
    if (kind < 45) {
      return mask(random.nextInt(VECTORS));
    }
    if (kind < 60) {
      return signal(random.nextInt(VECTORS));
    }
    if (kind < 75) {
      return writeEntry(random.nextInt(VECTORS));
    }
    if (kind < 85) {
      return writeBadly();
    }
    return kind < 90 ? writeControl() : signal(random.nextInt(VECTORS));
  }

  private String mask(int vector) {
    int control = random.nextInt(3) == 0 ? 1 : 0;
    writeTable(vector * 16 + 12, 4, control);
    return "vector " + vector + " control " + control;
  }

  private String writeEntry(int vector) {
    int address = random.nextInt(4) == 0 ? 0 : 0xfee0_0000 | random.nextInt(256) << 12;
    int data = random.nextInt(0x100);
    if (random.nextBoolean()) {
      writeTable(vector * 16, 8, Integer.toUnsignedLong(address));
      writeTable(vector * 16 + 8, 8, data | (long) random.nextInt(2) << 32);
    } else {
      writeTable(vector * 16 + 4 * random.nextInt(2), 4, Integer.toUnsignedLong(address));
      writeTable(vector * 16 + 8, 4, data);
    }
    return "vector " + vector + String.format(" message 0x%x 0x%x", address, data);
  }

  private void writeTable(int offset, int size, long value) {
    bench.mmio.write(TABLE + offset, size, value);
    reference.table[offset / 4] = (int) value;
    if (size == 8) {
      reference.table[offset / 4 + 1] = (int) (value >>> 32);
    }
    reference.follow();
  }

  /** Of 1 or 2 bytes, or not aligned: dropped. */
  private String writeBadly() {
    int size = 1 << random.nextInt(4);
    int offset = random.nextInt(TABLE_LENGTH - 8);
    if (size >= 4 && offset % size == 0) {
      offset++;
    }
    bench.mmio.write(TABLE + offset, size, random.nextLong());
    return "bad write of " + size + " bytes at " + offset;
  }

  private String writeControl() {
    int control = random.nextInt(4) == 0 ? random.nextInt(0x1_0000) : ENABLE;
    if (random.nextBoolean()) {
      function.writeConfig(CAPABILITY + 2, 2, control);
    } else {
      function.writeConfig(CAPABILITY, 4, (long) control << 16);
    }
    reference.control(control);
    return String.format("control 0x%x", control);
  }

  /** The device signals a vector that is set up. */
  private String signal(int vector) {
    int[] triggers = bench.vfio.triggers();
    if (reference.routed[vector] != null) {
      bench.kvm.signal(triggers[vector]);
      reference.signal(vector);
    }
    return "signal " + vector;
  }

  private void check(String what) {
    assertThat(bench.kvm.deliver())
        .as(what)
        .containsExactlyInAnyOrderElementsOf(reference.delivered);
    reference.delivered.clear();
    assertThat(bench.kvm.routeChanges()).as(what).isEqualTo(reference.routeChanges);
    assertThat(bench.kvm.irqfds().size()).as(what).isEqualTo((int) reference.liveCount());
    assertThat(bench.vfio.currentIrq()).as(what).isEqualTo(reference.isOn() ? VfioIrq.MSIX : -1);
    for (int word = 0; word * 32 < VECTORS; word++) {
      assertThat(bench.mmio.read(PENDING + word * 4L, 4))
          .as(what)
          .isEqualTo(reference.pendingBits(word * 32, 32));
    }
    assertThat(bench.mmio.read(PENDING + 8, 8)).as(what).isEqualTo(reference.pendingBits(64, 64));
    int vector = random.nextInt(VECTORS);
    for (int i = 0; i < 4; i++) {
      assertThat(bench.mmio.read(TABLE + vector * 16L + i * 4L, 4))
          .as(what)
          .isEqualTo(Integer.toUnsignedLong(reference.table[vector * 4 + i]));
    }
    int[] triggers = bench.vfio.triggers();
    for (int i = 0; i < VECTORS; i++) {
      boolean signals = i < triggers.length && triggers[i] >= 0;
      assertThat(signals).as(what).isEqualTo(reference.routed[i] != null);
    }
    assertThat(bench.problems).as(what).isEmpty();
    assertThat(bench.vfio.violations()).as(what).isEmpty();
    assertThat(bench.kvm.violations()).as(what).isEmpty();
  }
}
