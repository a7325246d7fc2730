package javelin.boot.lab;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * QEMU's x86 system emulator.
 *
 * @param command the program and the arguments that it needs wherever it is
 * @param release which it is
 */
record QemuProgram(List<String> command, QemuRelease release) {
  /** Copies the command. */
  QemuProgram {
    command = List.copyOf(command);
  }

  /**
   * The program that a command starts, asked which it is.
   *
   * @throws LabException if it does not start, or is none
   */
  static QemuProgram of(List<String> command) {
    List<String> question = new ArrayList<>(command);
    question.add("--version");
    String answer = new String(HostPrograms.output(question), StandardCharsets.UTF_8);
    return new QemuProgram(command, QemuRelease.parse(answer));
  }

  /** As {@link #of(List)}, for a file. */
  static QemuProgram of(Path file) {
    return of(List.of(file.toString()));
  }
}
