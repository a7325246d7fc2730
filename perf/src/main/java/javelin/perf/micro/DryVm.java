package javelin.perf.micro;

import javelin.boot.cli.DryKvm;
import javelin.vmm.kvm.KvmSystem;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.Linux;

/** A VM of {@link DryKvm}: Javelin's own part of an ioctl can be measured by it, on any host. */
final class DryVm implements AutoCloseable {
  private final Linux linux = DryKvm.linux(Linux.system().syscalls(), DryKvm.Vendor.INTEL);
  private final KvmSystem system = KvmSystem.open(linux, "/dev/null");
  private final KvmVm vm = system.createVm();

  Linux linux() {
    return linux;
  }

  KvmVm vm() {
    return vm;
  }

  @Override
  public void close() {
    vm.close();
    system.close();
  }
}
