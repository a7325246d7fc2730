package javelin.boot.guest.asm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Checks the pinned encodings against the GNU assembler, where it is installed. */
final class GnuAssemblerTest {
  private static final int SLOT = 64;
  private static final byte NOP = (byte) 0x90;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(Mode.class)
  void shouldAgreeWithGnuAssembler(Mode mode) throws Exception {
    assumeTrue(
        onPath("as") && onPath("objcopy"), "GNU as and objcopy (binutils) are not installed");
    List<InstructionTable.Row> rows =
        InstructionTable.ROWS.stream().filter(row -> row.mode() == mode).toList();
    // Each instruction gets a slot of its own, so that one difference does not shift the rest.
    StringBuilder source =
        new StringBuilder(".intel_syntax noprefix\n.code" + mode.name().substring(4) + "\n");
    for (int i = 0; i < rows.size(); i++) {
      source.append(".org %d, 0x90\n%s\n".formatted(i * SLOT, rows.get(i).text()));
    }
    source.append(".org %d, 0x90\n".formatted(rows.size() * SLOT));
    Files.writeString(folder.resolve("rows.s"), source);
    run("as", "-o", "rows.o", "rows.s");
    run("objcopy", "-O", "binary", "-j", ".text", "rows.o", "rows.bin");
    byte[] theirs = Files.readAllBytes(folder.resolve("rows.bin"));

    assertThat(theirs).hasSize(rows.size() * SLOT);
    for (int i = 0; i < rows.size(); i++) {
      byte[] ours = new byte[SLOT];
      Arrays.fill(ours, NOP);
      byte[] code = rows.get(i).assemble();
      System.arraycopy(code, 0, ours, 0, code.length);
      assertThat(hex(ours, 0)).as(rows.get(i).text()).isEqualTo(hex(theirs, i * SLOT));
    }
  }

  private static String hex(byte[] bytes, int from) {
    return HexFormat.of().formatHex(bytes, from, from + SLOT);
  }

  private static boolean onPath(String tool) {
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, tool)));
  }

  private void run(String... command) throws IOException, InterruptedException {
    File log = folder.resolve("log").toFile();
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log)
            .start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("%s ended", command[0]).isTrue();
    assertThat(process.exitValue()).as(Files.readString(log.toPath())).isZero();
  }
}
