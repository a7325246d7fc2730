package javelin.vmm.kvm;

import java.util.ArrayList;
import java.util.List;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/** /dev/kvm: what the host's KVM offers, and virtual machines (KVM API, system ioctls). */
public final class KvmSystem implements AutoCloseable {
  /** Where KVM lives. */
  public static final String DEVICE = "/dev/kvm";

  private static final int API_VERSION = 12;
  private static final int CPUID_HEADER_LENGTH = 8;
  private static final int CPUID_ENTRY_LENGTH = 40;
  private static final int CPUID_MAX_ENTRIES = 256;
  private static final int MSR_LIST_MAX = 1024;

  private final Linux linux;
  private final Fd fd;

  private KvmSystem(Linux linux, Fd fd) {
    this.linux = linux;
    this.fd = fd;
  }

  /**
   * Opens KVM and checks its API version and that it has all that Javelin requires.
   *
   * @param path normally {@link #DEVICE}
   * @throws KvmException naming what is missing and the way out
   */
  public static KvmSystem open(Linux linux, String path) {
    KvmSystem system = openUnchecked(linux, path);
    try {
      system.requireAll();
      return system;
    } catch (RuntimeException e) {
      system.close();
      throw e;
    }
  }

  /**
   * Opens KVM to ask what it has, not to run guests: nothing is required of it.
   *
   * @throws KvmException where it cannot be opened, with the way out
   */
  public static KvmSystem openUnchecked(Linux linux, String path) {
    try {
      return new KvmSystem(linux, linux.open(path, Linux.O_RDWR));
    } catch (ErrnoException e) {
      throw new KvmException(openFailure(path, e), e);
    }
  }

  private static String openFailure(String path, ErrnoException e) {
    if (e.is(Errno.ENOENT) || e.is(Errno.ENODEV) || e.is(Errno.ENXIO)) {
      return path
          + " is missing: load the module (`sudo modprobe kvm_intel` or `kvm_amd`; virtualisation must"
          + " be on in the firmware). `./javelin lab` needs no KVM";
    }
    if (e.is(Errno.EACCES) || e.is(Errno.EPERM)) {
      return path
          + " is not permitted to this user: join its group (`sudo usermod -aG kvm $USER`, then log in"
          + " again). `./javelin lab` needs no KVM";
    }
    return e.getMessage();
  }

  private void requireAll() {
    int version = apiVersion();
    if (version != API_VERSION) {
      throw new KvmException(
          "KVM has API version "
              + version
              + "; Javelin speaks "
              + API_VERSION
              + " (Linux 2.6.22+)");
    }
    List<String> missing = new ArrayList<>();
    for (KvmCapability capability : KvmCapability.values()) {
      if (capability.required() && check(capability) == 0) {
        missing.add("KVM_CAP_" + capability + " (" + capability.use() + ")");
      }
    }
    if (!missing.isEmpty()) {
      throw new KvmException(
          "This host's KVM lacks " + String.join(", ", missing) + ": use a newer kernel");
    }
  }

  /** What KVM_GET_API_VERSION says; 12 since Linux 2.6.22. */
  public int apiVersion() {
    return fd.ioctl("KVM_GET_API_VERSION", KvmIoctl.KVM_GET_API_VERSION, 0);
  }

  /** What KVM_CHECK_EXTENSION says: 0 for no, else 1 or a number that the capability defines. */
  public int check(KvmCapability capability) {
    return fd.ioctl("KVM_CHECK_EXTENSION", KvmIoctl.KVM_CHECK_EXTENSION, capability.number());
  }

  /** The largest number of vCPUs that a VM may have. */
  public int maxVcpus() {
    int maximum = check(KvmCapability.MAX_VCPUS);
    int recommended = check(KvmCapability.NR_VCPUS);
    // KVM API, 4.4: without MAX_VCPUS the recommended number is the limit, without both it is 4.
    return maximum > 0 ? maximum : recommended > 0 ? recommended : 4;
  }

  /** What this KVM can offer a guest, in the layout of {@code struct kvm_cpuid2}. */
  public UnsafeBuffer supportedCpuid() {
    UnsafeBuffer cpuid =
        NativeMemory.allocate(CPUID_HEADER_LENGTH + CPUID_MAX_ENTRIES * CPUID_ENTRY_LENGTH);
    cpuid.putInt(0, CPUID_MAX_ENTRIES);
    fd.ioctl("KVM_GET_SUPPORTED_CPUID", KvmIoctl.KVM_GET_SUPPORTED_CPUID, cpuid.addressOffset());
    return cpuid;
  }

  /** The MSRs that a vCPU's state consists of. */
  public int[] stateMsrs() {
    UnsafeBuffer list = NativeMemory.allocate(Integer.BYTES * (1 + MSR_LIST_MAX));
    list.putInt(0, MSR_LIST_MAX);
    fd.ioctl("KVM_GET_MSR_INDEX_LIST", KvmIoctl.KVM_GET_MSR_INDEX_LIST, list.addressOffset());
    int[] indices = new int[list.getInt(0)];
    for (int i = 0; i < indices.length; i++) {
      indices[i] = list.getInt(Integer.BYTES * (i + 1));
    }
    return indices;
  }

  /** Bytes of the mapping that each vCPU shares with the kernel. */
  int vcpuMappingLength() {
    return fd.ioctl("KVM_GET_VCPU_MMAP_SIZE", KvmIoctl.KVM_GET_VCPU_MMAP_SIZE, 0);
  }

  /** A new virtual machine, without memory, interrupt controllers or vCPUs. */
  public KvmVm createVm() {
    int vm;
    do {
      // A signal, such as one of the JVM's own, may interrupt the kernel's work here.
      vm = linux.syscalls().ioctl(fd.number(), KvmIoctl.KVM_CREATE_VM, 0);
    } while (Errno.EINTR.is(vm));
    return new KvmVm(this, linux.own(vm, "KVM_CREATE_VM", "kvm-vm"));
  }

  Linux linux() {
    return linux;
  }

  @Override
  public void close() {
    fd.close();
  }
}
