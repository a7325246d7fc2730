package javelin.perf.bench;

import java.util.List;
import javelin.vmm.linux.HostFiles;

/** QEMU, where it does the same work in turn. */
public final class QemuPeer {
  /** What {@code --peer} calls it. */
  public static final String NAME = "qemu";

  public static final String PROGRAM = "qemu-system-x86_64";

  private static final String HOST_CPU = "host";
  private static final String AMD = "AuthenticAMD";

  private QemuPeer() {}

  /** Whether it is installed. */
  public static boolean isThere() {
    return HostTool.find(PROGRAM).isPresent();
  }

  /**
   * Its options for a guest on KVM with the host's processor.
   *
   * @param features to show or hide, as its {@code -cpu} takes them; empty for none
   */
  public static List<String> onKvm(HostFiles files, String features) {
    StringBuilder cpu = new StringBuilder(HOST_CPU);
    if (files.field("/proc/cpuinfo", "vendor_id").orElse("").equals(AMD)) {
      // AMD's have no IA32_ARCH_CAPABILITIES. KVM emulates it, to QEMU's taste with bits that KVM
      // then refuses, by which QEMU 7.2 ends.
      cpu.append(",-arch-capabilities");
    }
    if (!features.isEmpty()) {
      cpu.append(',').append(features);
    }
    return List.of("-accel", "kvm", "-cpu", cpu.toString());
  }
}
