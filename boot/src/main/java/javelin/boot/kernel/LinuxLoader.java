package javelin.boot.kernel;

import javelin.vmm.memory.GuestMemory;

/** The Linux 64-bit boot protocol (Documentation/arch/x86/boot.rst), for bzImage and ELF64. */
final class LinuxLoader {
  private static final int ENTRY_64 = 0x200;

  // Room for the command line below 640 KiB; Linux itself takes 2047 bytes.
  private static final long COMMAND_LINE_ROOM = 0xffff;

  /** Loads a bzImage. */
  static BootState loadBzImage(LoadJob job) {
    Content kernel = job.kernel();
    SetupHeader header = SetupHeader.parse(kernel);
    byte[] commandLine =
        CommandLine.encode(
            job.config().commandLine(), Math.min(header.commandLineMaximum(), COMMAND_LINE_ROOM));
    long address = header.loadAddress();
    long length = kernel.size() - header.setupSize();
    job.placement().claim(kernel, "the kernel", address, Math.max(length, header.initSize()));
    kernel.load("the kernel", header.setupSize(), length, job.memory(), address);
    Initrd initrd = job.loadInitrd(header.initrdAddressMaximum(), header.initrdAnywhere());
    ZeroPage zeroPage = zeroPage(job);
    zeroPage.copySetupHeader(header.image(), header.end());
    String release = header.release();
    return start(
        job,
        zeroPage,
        address,
        address + ENTRY_64,
        commandLine,
        initrd,
        "Linux" + (release.isEmpty() ? "" : " " + release) + " (bzImage)");
  }

  /** Loads an ELF64 image, which is entered with a zero page as a bzImage is. */
  static BootState loadElf(LoadJob job, ElfImage elf) {
    byte[] commandLine = CommandLine.encode(job.config().commandLine(), CommandLine.LINUX_MAX);
    long entry = elf.physicalEntry(job.kernel());
    elf.load(job.kernel(), job.placement(), job.memory());
    Initrd initrd = job.loadInitrd(Initrd.DEFAULT_MAXIMUM, true);
    ZeroPage zeroPage = zeroPage(job);
    zeroPage.makeSetupHeader();
    String description = job.config().kernel().name() + " (ELF64, 64-bit entry)";
    return start(job, zeroPage, 0, entry, commandLine, initrd, description);
  }

  private static ZeroPage zeroPage(LoadJob job) {
    GuestMemory memory = job.memory();
    return new ZeroPage(memory, job.lowPages("zero page", ZeroPage.SIZE));
  }

  private static BootState start(
      LoadJob job,
      ZeroPage zeroPage,
      long kernelAddress,
      long entry,
      byte[] commandLine,
      Initrd initrd,
      String description) {
    long text = job.lowBytes("command line", commandLine);
    zeroPage.complete(
        job.placement().map(), job.config().rsdpAddress(), kernelAddress, text, initrd);
    return job.start64(entry, zeroPage.address(), description);
  }

  private LinuxLoader() {}
}
