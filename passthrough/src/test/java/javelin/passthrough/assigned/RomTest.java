package javelin.passthrough.assigned;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciIdentity;
import javelin.passthrough.fake.AssignBench;
import javelin.passthrough.fake.FakeVfio;
import javelin.passthrough.model.ModelShape;
import javelin.passthrough.vfio.KernelVfio;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Expansion ROMs of assigned functions: none, the device's own, and a file's. */
final class RomTest {
  private static final long AT = 0xc800_0000L;
  private static final int ROM = 0x30;
  private static final int COMMAND = 4;

  @TempDir Path folder;

  private interface Body {
    void run(AssignBench bench, AssignedFunction function);
  }

  private static AssignOptions with(RomOption rom) {
    return new AssignOptions(true, true, true, true, false, rom);
  }

  private static ModelShape shape() {
    PciIdentity identity = new PciIdentity(0x1234, 1, 0xff00, 0, 0, 0);
    return new ModelShape(identity, ConfigSpace.PCI_LENGTH).bar(0, 0x1000, 0).resettable();
  }

  private static void assigned(ModelShape shape, RomOption rom, Body body) {
    try (AssignBench bench = new AssignBench(shape)) {
      try (KernelVfio vfio = bench.open();
          AssignedFunction function = bench.assign(vfio.devices().get(0), with(rom))) {
        body.run(bench, function);
      }
      assertThat(bench.mmio.ranges()).isEmpty();
    }
  }

  private static long size(AssignedFunction function) {
    function.writeConfig(ROM, 4, 0xffff_f800L);
    return -function.readConfig(ROM, 4) & 0xffff_ffffL;
  }

  private static void enable(AssignedFunction function) {
    function.writeConfig(ROM, 4, AT | 1);
    function.writeConfig(COMMAND, 2, 2);
  }

  /** Reads of each size at random places of the ROM, which must be as {@code expected} says. */
  private static void requireContents(AssignBench bench, long size, RomBytes expected) {
    Random random = new Random(size);
    for (int i = 0; i < 2_000; i++) {
      int bytes = 1 << random.nextInt(4);
      long at = i == 0 ? size - bytes : random.nextLong(size - bytes + 1);
      long value = 0;
      for (int j = 0; j < bytes; j++) {
        value |= (long) expected.at((int) at + j) << (8 * j);
      }
      long mask = -1L >>> (64 - 8 * bytes);
      assertThat(bench.mmio.read(AT + at, bytes) & mask)
          .as("%d at 0x%x", bytes, at)
          .isEqualTo(value);
    }
  }

  private interface RomBytes {
    int at(int offset);
  }

  @Test
  void shouldShowNoRomUnlessAskedTo() {
    assigned(
        shape().rom(0x2000),
        RomOption.OFF,
        (bench, function) -> {
          assertThat(size(function)).isZero();
          enable(function);
          assertThat(bench.mmio.ranges()).isEmpty();
        });
  }

  @Test
  void shouldReadTheDevicesOwnRomFromTheDevice() {
    assigned(
        shape().rom(0x2000),
        RomOption.DEVICE,
        (bench, function) -> {
          assertThat(size(function)).isEqualTo(0x2000);
          enable(function);
          requireContents(bench, 0x2000, FakeVfio::romByte);
          int writes = bench.syscalls.calls("pwrite").size();
          bench.mmio.write(AT + 8, 4, -1);
          assertThat(bench.syscalls.calls("pwrite")).hasSize(writes);
          function.writeConfig(COMMAND, 2, 0);
          assertThat(bench.mmio.ranges()).isEmpty();
          assertThat(bench.problems).isEmpty();
        });
  }

  @Test
  void shouldReadOnesBeyondARomThatIsNoPowerOfTwo() {
    assigned(
        shape().rom(0x1801),
        RomOption.DEVICE,
        (bench, function) -> {
          assertThat(size(function)).isEqualTo(0x2000);
          enable(function);
          assertThat(bench.mmio.read(AT + 0x1800, 1)).isEqualTo(FakeVfio.romByte(0x1800));
          int last = FakeVfio.romByte(0x17ff) | FakeVfio.romByte(0x1800) << 8;
          assertThat(bench.mmio.read(AT + 0x17ff, 2) & 0xffff).isEqualTo(last);
          assertThat(bench.mmio.read(AT + 0x1800, 2) & 0xffff).isEqualTo(0xffff);
          assertThat(bench.mmio.read(AT + 0x1ffe, 2) & 0xffff).isEqualTo(0xffff);
        });
  }

  @Test
  void shouldSayThatTheDeviceHasNone() {
    assigned(
        shape(),
        RomOption.DEVICE,
        (bench, function) -> {
          assertThat(size(function)).isZero();
          assertThat(bench.problems)
              .containsExactly("0000:01:00.0 has no expansion ROM that the host can read");
        });
  }

  private static byte[] image(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    bytes[0] = 0x55;
    bytes[1] = (byte) 0xaa;
    return bytes;
  }

  @Test
  void shouldShowAFilePaddedToAPowerOfTwo() throws IOException {
    for (int length : new int[] {2, 512, 2048, 2049, 65_536, 100_000}) {
      byte[] bytes = image(length);
      Path file = Files.write(folder.resolve("rom"), bytes);
      long padded = Math.max(2048, Long.highestOneBit(2L * length - 1));
      assigned(
          shape().rom(0x2000),
          new RomOption(RomOption.Kind.FILE, file),
          (bench, function) -> {
            assertThat(size(function)).as("of %d bytes", length).isEqualTo(padded);
            enable(function);
            int reads = bench.syscalls.calls("pread").size();
            requireContents(bench, padded, at -> at < length ? bytes[at] & 0xff : 0xff);
            assertThat(bench.syscalls.calls("pread")).as("the device is left alone").hasSize(reads);
          });
    }
  }

  @Test
  void shouldBeDisabledAgainAfterAReset() throws IOException {
    Path file = Files.write(folder.resolve("rom"), image(4096));
    assigned(
        shape(),
        new RomOption(RomOption.Kind.FILE, file),
        (bench, function) -> {
          enable(function);
          assertThat(bench.mmio.ranges()).hasSize(1);
          function.reset();
          assertThat(bench.mmio.ranges()).isEmpty();
          assertThat(function.readConfig(ROM, 4)).isZero();
          enable(function);
          assertThat(bench.mmio.read(AT, 2)).isEqualTo(0xaa55);
        });
  }

  @Test
  void shouldSayWhatIsWrongWithAFile() throws IOException {
    refused(folder.resolve("none"), "no such file");
    refused(folder, "is a directory, not a file");
    refused(
        Files.write(folder.resolve("text"), new byte[] {0x55, 0x55, (byte) 0xaa}),
        "is no expansion ROM: it does not begin with the bytes 55 AA");
    refused(
        Files.write(folder.resolve("short"), new byte[] {0x55}),
        "is no expansion ROM: it does not begin with the bytes 55 AA");
    Path huge = Files.write(folder.resolve("huge"), image(2));
    try (RandomAccessFile file = new RandomAccessFile(huge.toFile(), "rw")) {
      file.setLength((16 << 20) + 1);
      refused(huge, "is larger than 16 MiB, the most that a ROM may have");
      file.setLength(16 << 20);
    }
    assertThat(RomImage.read(huge).size()).isEqualTo(16 << 20);
  }

  private static void refused(Path file, String reason) {
    try (AssignBench bench = new AssignBench(shape());
        KernelVfio vfio = bench.open()) {
      VfioDevice device = vfio.devices().get(0);
      AssignOptions options = with(new RomOption(RomOption.Kind.FILE, file));
      assertThatThrownBy(() -> bench.assign(device, options))
          .isInstanceOf(VfioException.class)
          .hasMessage("0000:01:00.0,rom=" + file + ": " + reason);
    }
  }

  @Test
  void shouldRefuseADevicesRomThatIsTooLarge() {
    try (AssignBench bench = new AssignBench(shape().rom(32 << 20));
        KernelVfio vfio = bench.open()) {
      VfioDevice device = vfio.devices().get(0);
      assertThatThrownBy(() -> bench.assign(device, with(RomOption.DEVICE)))
          .isInstanceOf(VfioException.class)
          .hasMessageContaining("an expansion ROM of 0x2000000 bytes is not possible");
    }
  }

  @Test
  void shouldTakeOnlyReadsWithinTheImage() {
    RomImage image = RomImage.of(image(2048));
    for (long offset : List.of(-1L, 2047L, 2048L, 1L << 32, Long.MAX_VALUE, Long.MIN_VALUE)) {
      assertThat(image.read(offset, 4)).as("0x%x", offset).isEqualTo(-1);
    }
  }
}
