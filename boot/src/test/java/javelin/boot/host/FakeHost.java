package javelin.boot.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import javelin.vmm.kvm.KvmCapability;
import javelin.vmm.linux.HostFiles;

/** A made-up host: a tree of files below a temporary folder. */
final class FakeHost {
  private final Path root;

  FakeHost(Path root) {
    this.root = root;
  }

  HostFiles files() {
    return new HostFiles(root);
  }

  FakeHost file(String path, String text) {
    return file(path, text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  private FakeHost file(String path, byte[] bytes) {
    try {
      Path file = root.resolve(path);
      Files.createDirectories(file.getParent());
      Files.write(file, bytes);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  FakeHost directory(String path) {
    try {
      Files.createDirectories(root.resolve(path));
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An Intel server with everything switched on. */
  FakeHost server() {
    ByteBuffer auxv = ByteBuffer.allocate(48).order(ByteOrder.nativeOrder());
    auxv.putLong(33).putLong(0x7000).putLong(6).putLong(4096).putLong(0).putLong(0);
    return file(
            "proc/cpuinfo",
            """
            processor\t: 0
            vendor_id\t: GenuineIntel
            model name\t: Some Processor
            flags\t\t: fpu vmx constant_tsc nonstop_tsc
            address sizes\t: 46 bits physical, 48 bits virtual

            processor\t: 1
            vendor_id\t: GenuineIntel
            """)
        .file("proc/meminfo", "MemTotal:       1048576 kB\nMemAvailable:    524288 kB\n")
        .file("proc/self/auxv", auxv.array())
        .file(
            "proc/self/limits",
            "Max locked memory         unlimited            unlimited            bytes\n")
        .file("proc/sys/kernel/osrelease", "6.1.0-test\n")
        .file("proc/interrupts", "  24:   0  IR-PCI-MSI 1048576-edge  eth0\n")
        .file("sys/module/kvm_intel/parameters/nested", "Y\n")
        .file("sys/module/kvm_intel/parameters/ept", "Y\n")
        .file("sys/module/kvm_intel/parameters/enable_apicv", "N\n")
        .huge(2048, 256, 200, 8)
        .huge(1_048_576, 0, 0, 0)
        .file("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n")
        .file("sys/kernel/mm/transparent_hugepage/shmem_enabled", "always [advise] never\n")
        .directory("sys/class/iommu/dmar0")
        .directory("sys/kernel/iommu_groups/0/devices/0000:00:00.0")
        .directory("sys/kernel/iommu_groups/1/devices/0000:00:01.0")
        .directory("sys/kernel/iommu_groups/1/devices/0000:01:00.0")
        .directory("sys/module/vfio_pci")
        .file("dev/vfio/vfio", "")
        .file("dev/vfio/1", "");
  }

  FakeHost huge(int kibibytes, int reserved, int free, int promised) {
    String directory = "sys/kernel/mm/hugepages/hugepages-" + kibibytes + "kB/";
    return file(directory + "nr_hugepages", reserved + "\n")
        .file(directory + "free_hugepages", free + "\n")
        .file(directory + "resv_hugepages", promised + "\n");
  }

  /** A KVM that has everything. */
  static KvmProbe kvm() {
    Map<KvmCapability, Integer> capabilities = new EnumMap<>(KvmCapability.class);
    for (KvmCapability capability : KvmCapability.values()) {
      capabilities.put(capability, 1);
    }
    return new KvmProbe("/dev/kvm", 12, 288, capabilities, null);
  }

  /** A KVM that lacks one capability. */
  static KvmProbe kvmWithout(KvmCapability missing) {
    Map<KvmCapability, Integer> capabilities = new EnumMap<>(kvm().capabilities());
    capabilities.put(missing, 0);
    return new KvmProbe("/dev/kvm", 12, 288, capabilities, null);
  }
}
