package javelin.boot.kernel;

import java.nio.file.Path;
import java.util.Objects;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;

/** A kernel image or an initial RAM disk: a file, or bytes that the project made itself. */
public final class BootFile {
  private final String name;
  private final Path path;
  private final byte[] content;

  private BootFile(String name, Path path, byte[] content) {
    this.name = name;
    this.path = path;
    this.content = content;
  }

  /** A file, which is opened when it is loaded. */
  public static BootFile of(Path path) {
    return new BootFile(path.toString(), path, null);
  }

  /**
   * An image in memory.
   *
   * @param name what messages and the guest call it
   * @param content its bytes, not copied
   */
  public static BootFile of(String name, byte[] content) {
    return new BootFile(Objects.requireNonNull(name), null, Objects.requireNonNull(content));
  }

  /** The path, or the name given. */
  public String name() {
    return name;
  }

  /**
   * Opens the content for reading.
   *
   * @param role what it is to the user, {@code "kernel"} or {@code "initrd"}; starts each message
   * @throws KernelLoadException where it is no readable file, or an empty one
   */
  Content open(Linux linux, String role) {
    String subject = role + " " + name;
    Content opened =
        path == null ? new MemoryContent(subject, content) : FileContent.open(linux, path, subject);
    if (opened.size() == 0) {
      opened.close();
      throw new KernelLoadException(subject, "the file is empty");
    }
    return opened;
  }

  private static final class MemoryContent extends Content {
    private final byte[] bytes;

    MemoryContent(String subject, byte[] bytes) {
      super(subject, bytes.length);
      this.bytes = bytes;
    }

    @Override
    void copy(long offset, byte[] target) {
      System.arraycopy(bytes, (int) offset, target, 0, target.length);
    }

    @Override
    void copy(long offset, long length, GuestMemory memory, long address) {
      memory.write(address, bytes, (int) offset, (int) length);
    }

    @Override
    public void close() {}
  }
}
