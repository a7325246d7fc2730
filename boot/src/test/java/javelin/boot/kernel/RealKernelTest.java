package javelin.boot.kernel;

import static javelin.boot.kernel.LoaderFixture.MIB;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Loads files that others built, where they are named: they are not part of the project. */
class RealKernelTest {
  private final LoaderFixture guest = new LoaderFixture(256 * MIB);

  @BeforeEach
  void limitCommandLine() {
    guest.commandLine = "console=ttyS0 panic=-1";
  }

  @AfterEach
  void closeGuest() {
    guest.close();
  }

  private static Path file(String property) {
    String path = System.getProperty(property);
    assumeThat(path).as("needs a file: give one with -D" + property + "=FILE").isNotNull();
    return Path.of(path);
  }

  @Test
  void shouldLoadALinuxBzImageWhenOneIsGiven() throws IOException {
    Path path = file("test.bzimage");

    BootState state = guest.load(BootFile.of(path));

    assertThat(state.mode()).isEqualTo(BootState.Mode.LONG_64);
    assertThat(state.description()).matches("Linux \\d+\\.\\d+.* \\(bzImage\\)");
    long start = state.rip() - 0x200;
    assertThat(start % (2 * MIB)).isZero();
    try (RandomAccessFile raw = new RandomAccessFile(path.toFile(), "r")) {
      byte[] tail = new byte[4096];
      raw.seek(raw.length() - tail.length);
      raw.readFully(tail);
      int setup = (1 + guest.memory.readU8(state.rsi() + 0x1f1)) * 512;
      assertThat(guest.bytes(start + raw.length() - setup - tail.length, tail.length))
          .isEqualTo(tail);
    }
  }

  @Test
  void shouldLoadTheVmlinuxOfABzImageWhenOneIsGiven() throws IOException {
    byte[] vmlinux = VmlinuxExtractor.extract(file("test.bzimage"));

    BootState state = guest.load(BootFile.of("vmlinux", vmlinux));

    assertThat(state.mode()).isEqualTo(BootState.Mode.LONG_64);
    assertThat(state.rip()).isEqualTo(0x100_0000);
    guest.protocol = BootProtocol.PVH;
    assertThat(guest.load(BootFile.of("vmlinux", vmlinux)).mode())
        .isEqualTo(BootState.Mode.PROTECTED_32);
  }

  @Test
  void shouldLoadAMultibootTestWhenOneIsGiven() {
    BootState state = guest.load(BootFile.of(file("test.flat")));

    assertThat(state.mode()).isEqualTo(BootState.Mode.PROTECTED_32);
    assertThat(state.rax()).isEqualTo(0x2bad_b002L);
    assertThat(state.description()).endsWith("(Multiboot)");
  }
}
