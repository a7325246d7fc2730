package javelin.passthrough.vfio;

import java.util.List;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.memory.GuestMemory;

/** The devices of one VM, with their way to guest RAM; closing it closes them. */
public interface VfioBackend extends AutoCloseable {
  /** Opens devices for a VM. */
  @FunctionalInterface
  interface Opener {
    /**
     * Opens {@code names}, all or none.
     *
     * @throws VfioException where one cannot be opened, and why
     */
    VfioBackend open(KvmVm vm, GuestMemory memory, List<String> names);
  }

  /** The devices, in the order of their names. */
  List<VfioDevice> devices();

  /** What it has taken of the host, a line each. */
  default List<String> report() {
    return List.of();
  }

  @Override
  void close();
}
