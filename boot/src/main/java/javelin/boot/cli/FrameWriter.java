package javelin.boot.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Opcodes;

/**
 * Gives classes of Java 5 and older what they lack to be in a class archive: stack map frames (JVM
 * specification, 4.7.4), which came with the class files of Java 6. Without them the JVM would
 * parse and verify picocli anew at each start. Nothing else of such a jar changes.
 */
final class FrameWriter {
  /** Version 50.0, the first that has frames, is Java 6; 52.0 is Java 8. */
  private static final int FIRST_WITH_FRAMES = Opcodes.V1_6;

  private static final int MAJOR_VERSION_OFFSET = 6;
  private static final String CLASS_SUFFIX = ".class";

  private FrameWriter() {}

  /**
   * Takes jars, and writes those with old classes anew, in their place.
   *
   * @throws IOException where one cannot be read or written; it is as it was then
   */
  public static void main(String[] jars) throws IOException {
    for (String jar : jars) {
      Path file = Path.of(jar);
      if (hasOldClasses(file)) {
        Path written = Path.of(jar + ".new");
        write(file, written);
        Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
      }
    }
  }

  private static boolean hasOldClasses(Path jar) throws IOException {
    try (ZipFile file = new ZipFile(jar.toFile())) {
      for (ZipEntry entry : file.stream().toList()) {
        if (entry.getName().endsWith(CLASS_SUFFIX)) {
          try (InputStream content = file.getInputStream(entry)) {
            if (isOld(content.readNBytes(MAJOR_VERSION_OFFSET + 2))) {
              return true;
            }
          }
        }
      }
      return false;
    }
  }

  private static boolean isOld(byte[] head) {
    if (head.length < MAJOR_VERSION_OFFSET + 2) {
      return false;
    }
    int high = head[MAJOR_VERSION_OFFSET] & 0xff;
    int low = head[MAJOR_VERSION_OFFSET + 1] & 0xff;
    return (high << 8 | low) < FIRST_WITH_FRAMES;
  }

  private static void write(Path from, Path to) throws IOException {
    try (ZipFile file = new ZipFile(from.toFile());
        OutputStream stream = Files.newOutputStream(to);
        ZipOutputStream out = new ZipOutputStream(stream)) {
      for (ZipEntry entry : file.stream().toList()) {
        byte[] content;
        try (InputStream in = file.getInputStream(entry)) {
          content = in.readAllBytes();
        }
        boolean old = entry.getName().endsWith(CLASS_SUFFIX) && isOld(content);
        ZipEntry copy = new ZipEntry(entry.getName());
        copy.setTime(entry.getTime());
        out.putNextEntry(copy);
        out.write(old ? withFrames(content) : content);
        out.closeEntry();
      }
    }
  }

  private static byte[] withFrames(byte[] content) {
    ClassReader reader = new ClassReader(content);
    ClassWriter writer = new LoadingWriter();
    reader.accept(new Version8(writer), ClassReader.SKIP_FRAMES);
    return writer.toByteArray();
  }

  private static final class Version8 extends org.objectweb.asm.ClassVisitor {
    Version8(ClassWriter writer) {
      super(Opcodes.ASM9, writer);
    }

    @Override
    public void visit(
        int version, int access, String name, String signature, String base, String[] interfaces) {
      super.visit(Opcodes.V1_8, access, name, signature, base, interfaces);
    }
  }

  /** Knows how classes are related by those on the class path; of others, that they are objects. */
  private static final class LoadingWriter extends ClassWriter {
    private static final String OBJECT = "java/lang/Object";

    LoadingWriter() {
      super(COMPUTE_FRAMES);
    }

    @Override
    protected String getCommonSuperClass(String one, String other) {
      try {
        return super.getCommonSuperClass(one, other);
      } catch (TypeNotPresentException | LinkageError e) {
        return OBJECT;
      }
    }
  }
}
