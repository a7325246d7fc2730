package javelin.boot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

class FrameWriterTest {
  private static final int MINIMUM = 7;

  @TempDir Path folder;

  /** {@code static int f(int x) { return x < 7 ? 7 : x; }}: its branch needs a frame. */
  private static byte[] oldClass(int version) {
    ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_MAXS);
    writer.visit(version, Opcodes.ACC_PUBLIC, "Old", null, "java/lang/Object", null);
    MethodVisitor method =
        writer.visitMethod(Opcodes.ACC_PUBLIC | Opcodes.ACC_STATIC, "f", "(I)I", null, null);
    method.visitCode();
    Label large = new Label();
    method.visitVarInsn(Opcodes.ILOAD, 0);
    method.visitIntInsn(Opcodes.BIPUSH, MINIMUM);
    method.visitJumpInsn(Opcodes.IF_ICMPGE, large);
    method.visitIntInsn(Opcodes.BIPUSH, MINIMUM);
    method.visitInsn(Opcodes.IRETURN);
    method.visitLabel(large);
    method.visitVarInsn(Opcodes.ILOAD, 0);
    method.visitInsn(Opcodes.IRETURN);
    method.visitMaxs(0, 0);
    method.visitEnd();
    writer.visitEnd();
    return writer.toByteArray();
  }

  private Path jar(byte[] content) throws Exception {
    Path jar = folder.resolve("some.jar");
    try (OutputStream stream = Files.newOutputStream(jar);
        ZipOutputStream out = new ZipOutputStream(stream)) {
      out.putNextEntry(new ZipEntry("text"));
      out.write('t');
      out.closeEntry();
      out.putNextEntry(new ZipEntry("Old.class"));
      out.write(content);
      out.closeEntry();
    }
    return jar;
  }

  @Test
  void shouldGiveOldClassesFramesWithWhichTheyRun() throws Exception {
    Path jar = jar(oldClass(Opcodes.V1_5));

    FrameWriter.main(new String[] {jar.toString()});

    try (ZipFile file = new ZipFile(jar.toFile())) {
      byte[] content = file.getInputStream(file.getEntry("Old.class")).readAllBytes();
      assertThat(content[7]).isEqualTo((byte) Opcodes.V1_8);
      assertThat(file.getInputStream(file.getEntry("text")).readAllBytes()).containsExactly('t');
    }
    // The JVM verifies by frames what is of Java 7 and newer, so these are right.
    try (URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null)) {
      var method = loader.loadClass("Old").getMethod("f", int.class);
      assertThat(method.invoke(null, 3)).isEqualTo(MINIMUM);
      assertThat(method.invoke(null, 30)).isEqualTo(30);
    }
  }

  @Test
  void shouldLeaveAJarAloneWhenNoClassIsOld() throws Exception {
    ClassWriter writer = new ClassWriter(0);
    writer.visit(Opcodes.V1_8, Opcodes.ACC_PUBLIC, "Old", null, "java/lang/Object", null);
    Path jar = jar(writer.toByteArray());
    byte[] before = Files.readAllBytes(jar);

    FrameWriter.main(new String[] {jar.toString()});

    assertThat(Files.readAllBytes(jar)).isEqualTo(before);
  }
}
