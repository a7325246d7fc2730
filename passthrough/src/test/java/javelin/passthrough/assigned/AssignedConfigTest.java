package javelin.passthrough.assigned;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciIdentity;
import javelin.passthrough.fake.AssignBench;
import javelin.passthrough.model.ModelShape;
import javelin.passthrough.vfio.KernelVfio;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The configuration space that a guest sees, of devices that are sound, odd and broken. */
final class AssignedConfigTest {
  private static final Set<Integer> HIDDEN = Set.of(0x0e, 0x0f, 0x10, 0x11, 0x13, 0x15, 0x1b, 0x24);
  private static final int[] IDS = {0x0e, 0x0f, 0x10, 0x13, 0x15, 0x1b, 0x01, 0x03, 0x0b, 0x18};
  private static final int EXPRESS_ID = 0x10;
  private static final int WALK_LIMIT = 1_000;
  private static final int WRITES = 2_000;

  private interface Body {
    void run(AssignBench bench, AssignedFunction function);
  }

  private static ModelShape shape(int length) {
    return new ModelShape(new PciIdentity(0x1234, 1, 0xff00, 0, 0, 0), length).resettable();
  }

  private static void with(ModelShape shape, Body body) {
    try (AssignBench bench = new AssignBench(shape);
        KernelVfio vfio = bench.open();
        AssignedFunction function = bench.assign(vfio.devices().get(0))) {
      body.run(bench, function);
    }
  }

  /** Walks as Linux does: until an end, or as often as there may be capabilities. */
  private static List<Integer> extended(AssignedFunction function) {
    List<Integer> found = new ArrayList<>();
    int offset = 0x100;
    for (int i = 0; i < WALK_LIMIT && offset >= 0x100; i++) {
      long header = function.readConfig(offset, 4);
      if (header == 0) {
        break;
      }
      if ((header & 0xffff) != 0) {
        found.add((int) header & 0xffff);
      }
      offset = (int) (header >>> 20) & 0xffc;
    }
    return found;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
  void shouldShowASoundSpaceWhateverTheGuestWrites(long seed) {
    Random random = new Random(seed);
    ModelShape shape =
        shape(ConfigSpace.EXPRESS_LENGTH)
            .mappedBar(0, 0x10_0000, ModelShape.MEMORY_64 | ModelShape.PREFETCHABLE)
            .bar(2, 0x4000, 0)
            .bar(4, 32, ModelShape.IO)
            .pin()
            .powerManagement()
            .msi(4, true, true)
            .msix(80, 2, 0x1000, 0x2000, false)
            .express();
    shape.config().set(0x0e, 1, 0x80);
    List<Integer> visible = new ArrayList<>();
    for (int i = random.nextInt(8); i >= 0; i--) {
      int id = IDS[random.nextInt(IDS.length)];
      shape.extended(id, 4 + random.nextInt(64));
      if (!HIDDEN.contains(id)) {
        visible.add(id);
      }
    }
    with(
        shape,
        (bench, function) -> {
          for (int i = 0; i < WRITES; i++) {
            int size = 1 << random.nextInt(3);
            // Half of them where the registers are that do something.
            int end = random.nextBoolean() ? 0xc0 : ConfigSpace.EXPRESS_LENGTH;
            int offset = random.nextInt(end / size) * size;
            function.writeConfig(offset, size, random.nextInt() & ((1L << (8 * size)) - 1));
            function.readConfig(offset, size);
          }
          String as = "seed " + seed;
          assertThat(extended(function)).as(as).isEqualTo(visible);
          assertThat(function.readConfig(0x0e, 1)).as("%s, header type", as).isZero();
          assertThat(bench.vfio.violations()).as(as).isEmpty();
          assertThat(bench.kvm.violations()).as(as).isEmpty();
          assertThat(bench.problems).as(as).isEmpty();
          assertThat(size(function, 0x10, 2)).as(as).isEqualTo(0x10_0000);
          assertThat(size(function, 0x18, 1)).as(as).isEqualTo(0x4000);
          assertThat(size(function, 0x20, 1)).as(as).isEqualTo(32);
          assertThat(size(function, 0x24, 1)).as("%s, no BAR", as).isZero();
          assertThat(size(function, 0x30, 1)).as("%s, no ROM", as).isZero();
        });
  }

  /** What a guest finds by writing all ones; 0 for a register that stays 0. */
  private static long size(AssignedFunction function, int register, int registers) {
    function.writeConfig(4, 2, 0);
    long ones = registers == 2 ? 0 : -1L << 32;
    for (int i = 0; i < registers; i++) {
      function.writeConfig(register + 4 * i, 4, 0xffff_ffffL);
      ones |= function.readConfig(register + 4 * i, 4) << (32 * i);
    }
    boolean isPorts = (ones & 1) != 0;
    return -(ones & (isPorts ? ~3L : ~15L)) & (registers == 2 ? -1L : 0xffff_ffffL);
  }

  @Test
  void shouldBeAnEndpointOfTheRootComplexWithoutALink() {
    ModelShape shape = shape(ConfigSpace.EXPRESS_LENGTH).express();
    shape.config().set(0x40 + 0x0c, 4, 0x0041_3c12).set(0x40 + 0x12, 2, 0x1042);
    shape.config().set(0x40 + 0x2c, 4, 0x1e).set(0x40 + 0x30, 4, 4);
    with(
        shape,
        (bench, function) -> {
          assertThat(function.readConfig(0x40, 1)).isEqualTo(EXPRESS_ID);
          assertThat(function.readConfig(0x42, 2)).as("type 9, version 2").isEqualTo(0x92);
          for (int register : new int[] {0x0c, 0x10, 0x2c, 0x30}) {
            function.writeConfig(0x40 + register, 4, 0xffff_ffffL);
            assertThat(function.readConfig(0x40 + register, 4)).isZero();
          }
        });
  }

  @Test
  void shouldResetByAWriteOnlyWhereTheDeviceOffersThat() {
    for (boolean isOffered : new boolean[] {true, false}) {
      ModelShape shape = shape(ConfigSpace.PCI_LENGTH).express();
      int advanced = shape.config().addCapability(0x13, 6);
      if (!isOffered) {
        shape.config().set(0x44, 4, 0);
      }
      shape.config().set(advanced + 3, 1, isOffered ? 3 : 0);
      with(
          shape,
          (bench, function) -> {
            long left = isOffered ? 0 : 6;
            function.writeConfig(4, 2, 6);
            function.writeConfig(0x48, 2, 0x8000);
            assertThat(function.readConfig(4, 2)).as("by PCI Express").isEqualTo(left);
            function.writeConfig(4, 2, 6);
            function.writeConfig(advanced + 4, 1, 1);
            assertThat(function.readConfig(4, 2)).as("by Advanced Features").isEqualTo(left);
          });
    }
  }

  @Test
  void shouldEndAWalkThatLoops() {
    ModelShape shape = shape(ConfigSpace.EXPRESS_LENGTH).powerManagement().express();
    shape.config().set(0x49, 1, 0x40);
    shape.extended(0x10, 0x40).extended(0x03, 12).extended(0x0f, 8).extended(0x0b, 8);
    shape.config().set(0x154, 4, 0x1401_000bL);
    with(
        shape,
        (bench, function) -> {
          assertThat(extended(function)).contains(0x03, 0x0b).doesNotContain(0x10, 0x0f);
          function.writeConfig(0x48 + 8, 2, 0x8000);
          assertThat(bench.problems).isEmpty();
        });
  }

  @ParameterizedTest
  @ValueSource(ints = {0x01, 0x05, 0x10, 0x11, 0x13})
  void shouldLeaveACapabilityAloneThatDoesNotEndWithinItsPart(int id) {
    for (int offset = 0xc0; offset <= 0xfc; offset += 4) {
      for (int flags : new int[] {0, 2, 0x180, 0xffff}) {
        ModelShape shape = shape(ConfigSpace.PCI_LENGTH).bar(0, 0x4000, 0).pin().msi();
        shape.config().set(0x34, 1, offset).set(offset, 2, id).set(offset + 2, 2, flags);
        with(
            shape,
            (bench, function) -> {
              for (int at = 0; at < ConfigSpace.EXPRESS_LENGTH; at += 4) {
                function.readConfig(at, 4);
                function.writeConfig(at, 4, 0xffff_ffffL);
              }
            });
      }
    }
  }

  @Test
  void shouldSurviveDevicesOfRandomBytes() {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      ModelShape shape =
          shape(random.nextBoolean() ? ConfigSpace.PCI_LENGTH : ConfigSpace.EXPRESS_LENGTH)
              .pin()
              .msi(32, true, true)
              .msix(2048, 0, 0, 0x8000, random.nextBoolean());
      for (int at = 0x40; at < shape.config().length(); at++) {
        shape.config().set(at, 1, random.nextInt(4) == 0 ? random.nextInt(0x20) : random.nextInt());
      }
      shape.config().set(0x34, 1, 0x40 + random.nextInt(0xc0));
      with(
          shape,
          (bench, function) -> {
            for (int i = 0; i < 200; i++) {
              function.writeConfig(random.nextInt(0x100) & ~3, 4, random.nextInt() & 0xffff_ffffL);
            }
          });
    }
  }
}
