package javelin.boot.kernel;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;

/** Guest RAM and a loader on it. */
final class LoaderFixture implements AutoCloseable {
  static final long RSDP = 0xe_0000;
  static final long MIB = 1 << 20;
  static final MemoryMap.Entry ECAM = MemoryMap.Entry.reserved(0xe000_0000L, 256 * MIB);

  final GuestMemory memory = new GuestMemory();
  private final GuestRam ram;

  BootFile initrd;
  String commandLine = "console=ttyS0";
  BootProtocol protocol = BootProtocol.AUTO;

  LoaderFixture(long size) {
    ram = GuestRam.create(Linux.system(), RamConfig.of(size), memory);
  }

  BootState load(BootFile kernel) {
    return new KernelLoader(Linux.system())
        .load(
            new KernelConfig(kernel, initrd, commandLine, protocol, 2, RSDP, List.of(ECAM)),
            memory);
  }

  BootState load(ByteBuffer kernel) {
    return load(BootFile.of("test-kernel", KernelFiles.bytes(kernel)));
  }

  byte[] bytes(long address, int length) {
    byte[] bytes = new byte[length];
    memory.read(address, bytes, 0, length);
    return bytes;
  }

  String text(long address) {
    int length = 0;
    while (memory.readU8(address + length) != 0) {
      length++;
    }
    return new String(bytes(address, length), StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    ram.close();
  }
}
