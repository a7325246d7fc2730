package javelin.boot.kernel;

import java.nio.ByteBuffer;
import java.util.Locale;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;

/**
 * Loads a kernel by what its file is: bzImage, ELF (64-bit entry, PVH, Multiboot) or a flat
 * Multiboot image.
 *
 * <p>With {@link BootProtocol#AUTO} an ELF64 file starts at its 64-bit entry point with a zero
 * page, as a vmlinux demands and as the built-in guest does. Only one that has a PVH note and is
 * not a vmlinux (no segment mapped at Linux's virtual base holds the entry point) is started by
 * PVH, for its own entry point may then be of any kind. An ELF32 file starts by its Multiboot
 * header, or by its PVH note where it has no such header.
 */
public final class KernelLoader {
  private static final String ACCEPTED =
      "Javelin boots Linux bzImage, ELF (64-bit vmlinux, PVH) and Multiboot 1 images";

  private final Linux linux;

  /** Reads files through {@code linux}. */
  public KernelLoader(Linux linux) {
    this.linux = linux;
  }

  /**
   * Puts the kernel and what belongs to it into guest RAM. It may be called again to start over: it
   * writes all that it relies on.
   *
   * @throws KernelLoadException where the files are not what they should be or do not fit; what is
   *     in guest RAM is then undefined
   */
  public BootState load(KernelConfig config, GuestMemory memory) {
    Placement placement = new Placement(MemoryMap.of(memory, config.reserved()));
    try (Content kernel = config.kernel().open(linux, "kernel");
        Content initrd = config.initrd() == null ? null : config.initrd().open(linux, "initrd")) {
      return load(new LoadJob(config, kernel, initrd, placement, memory));
    }
  }

  private static BootState load(LoadJob job) {
    Content kernel = job.kernel();
    int searched = (int) Math.min(kernel.size(), MultibootHeader.SEARCHED);
    ByteBuffer head = kernel.read("the start of the file", 0, searched);
    if (ElfImage.isElf(head)) {
      return loadElf(job, ElfImage.parse(kernel), MultibootHeader.find(head));
    }
    BootProtocol protocol = job.config().protocol();
    if (SetupHeader.isLinux(head)) {
      if (protocol == BootProtocol.AUTO || protocol == BootProtocol.LINUX) {
        return LinuxLoader.loadBzImage(job);
      }
      throw kernel.error(
          "a Linux bzImage, which has no entry for --boot %s; use --boot linux", option(job));
    }
    MultibootHeader header = MultibootHeader.find(head);
    if (header == null) {
      throw kernel.error("not a kernel but %s; %s", FileMagic.describe(head), ACCEPTED);
    }
    if (protocol == BootProtocol.LINUX || protocol == BootProtocol.PVH) {
      throw kernel.error(
          "a Multiboot image, which has no entry for --boot %s; use --boot multiboot", option(job));
    }
    if (!header.hasAddresses()) {
      throw kernel.error("a Multiboot image that is no ELF file and has no addresses either");
    }
    return MultibootLoader.load(job, header, null);
  }

  private static BootState loadElf(LoadJob job, ElfImage elf, MultibootHeader header) {
    Content kernel = job.kernel();
    boolean multiboot = header != null && (header.hasAddresses() || !elf.is64());
    boolean pvh = elf.pvhEntry().isPresent();
    BootProtocol protocol = job.config().protocol();
    if (protocol == BootProtocol.AUTO) {
      if (elf.is64()) {
        protocol = pvh && !elf.isLinux() ? BootProtocol.PVH : BootProtocol.LINUX;
      } else {
        protocol = multiboot || !pvh ? BootProtocol.MULTIBOOT : BootProtocol.PVH;
      }
    }
    if (protocol == BootProtocol.LINUX && elf.is64()) {
      return LinuxLoader.loadElf(job, elf);
    }
    if (protocol == BootProtocol.PVH && pvh) {
      return PvhLoader.load(job, elf);
    }
    if (protocol == BootProtocol.MULTIBOOT && multiboot) {
      return MultibootLoader.load(job, header, header.hasAddresses() ? null : elf);
    }
    throw kernel.error(
        "an ELF%d file with%s Multiboot header and with%s PVH note cannot be started by --boot %s;"
            + " %s",
        elf.is64() ? 64 : 32,
        header == null ? "out" : " a",
        pvh ? " a" : "out",
        option(job),
        ACCEPTED);
  }

  private static String option(LoadJob job) {
    return job.config().protocol().name().toLowerCase(Locale.ROOT);
  }
}
