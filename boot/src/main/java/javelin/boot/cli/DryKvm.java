package javelin.boot.cli;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Syscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Native calls with a KVM that runs nothing: every guest of it is over at once, through the debug
 * exit port. All other calls are the real ones. For what is to be the same on every host, one
 * without /dev/kvm too: the class archive, and measurements of Javelin's own part of a call.
 */
public final class DryKvm {
  private static final int KVM_TYPE = 0xae;
  private static final int RUN_LENGTH = 12288;
  private static final int DATA_OFFSET = 4096;

  /** A number that is large enough for all that KVM_CHECK_EXTENSION counts. */
  private static final int PLENTY = 64;

  /** Whose processor it says that it has. */
  public enum Vendor {
    INTEL,
    AMD
  }

  /** Leaves of CPUID: function, index, flags, EAX, EBX, ECX, EDX. */
  private static final int[][] INTEL_CPUID = {
    {0, 0, 0, 1, 0x756e_6547, 0x6c65_746e, 0x4965_6e69},
    {1, 0, 0, 0x306c3, 0, 0x0020_0000, 0x0783_fbff},
    {0x4000_0000, 0, 0, 0x4000_0001, 0x4b4d_564b, 0x564b_4d56, 0x4d},
    {0x4000_0001, 0, 0, 0, 0, 0, 0},
    {0x8000_0000, 0, 0, 0x8000_0008, 0, 0, 0},
    {0x8000_0001, 0, 0, 0, 0, 1, 0x2010_0800},
    {0x8000_0008, 0, 0, 0x3028, 0, 0, 0},
  };

  private static final int[][] AMD_CPUID = {
    {0, 0, 0, 1, 0x6874_7541, 0x444d_4163, 0x6974_6e65},
    {1, 0, 0, 0x00a2_0f10, 0, 0x0020_0000, 0x0783_fbff},
    {0x4000_0000, 0, 0, 0x4000_0001, 0x4b4d_564b, 0x564b_4d56, 0x4d},
    {0x4000_0001, 0, 0, 0, 0, 0, 0},
    {0x8000_0000, 0, 0, 0x8000_001e, 0, 0, 0},
    {0x8000_0001, 0, 0, 0, 0, 0x0040_0001, 0x2010_0800},
    {0x8000_0008, 0, 0, 0x3028, 0, 0, 0},
    {0x8000_001d, 0, 1, 0x121, 0, 0, 0},
    {0x8000_001e, 0, 0, 0, 0, 0, 0},
  };

  private final Syscalls real;
  private final int[][] cpuid;

  /** Addresses of the vCPUs' shared pages by descriptor. */
  private final Map<Integer, Long> runs = new ConcurrentHashMap<>();

  private DryKvm(Syscalls real, Vendor vendor) {
    this.real = real;
    cpuid = vendor == Vendor.AMD ? AMD_CPUID : INTEL_CPUID;
  }

  /** Calls to which any file that can be opened is /dev/kvm. */
  public static Linux linux(Syscalls real, Vendor vendor) {
    DryKvm dry = new DryKvm(real, vendor);
    return new Linux(
        (Syscalls)
            Proxy.newProxyInstance(
                DryKvm.class.getClassLoader(),
                new Class<?>[] {Syscalls.class},
                (proxy, method, arguments) -> dry.call(method, arguments)));
  }

  private Object call(Method method, Object[] arguments) throws Throwable {
    if (method.getName().equals("ioctl")) {
      long request = (Long) arguments[1];
      if ((request >> 8 & 0xff) == KVM_TYPE) {
        return ioctl((Integer) arguments[0], (int) request & 0xff, (Long) arguments[2]);
      }
    }
    try {
      Object result = method.invoke(real, arguments);
      if (method.getName().equals("mmap")) {
        runs.put((Integer) arguments[4], (Long) result);
      }
      return result;
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private int ioctl(int fd, int number, long argument) {
    return switch (number) {
      case 0x00 -> 12; // KVM_GET_API_VERSION
      case 0x01 -> real.memfdCreate("dry-vm", Linux.MFD_CLOEXEC); // KVM_CREATE_VM
      case 0x02 -> msrs(argument); // KVM_GET_MSR_INDEX_LIST
      case 0x03 -> PLENTY; // KVM_CHECK_EXTENSION
      case 0x04 -> RUN_LENGTH; // KVM_GET_VCPU_MMAP_SIZE
      case 0x05 -> cpuid(argument); // KVM_GET_SUPPORTED_CPUID
      case 0x41 -> vcpu(); // KVM_CREATE_VCPU
      case 0x80 -> run(fd); // KVM_RUN
      case 0x88, 0x89 -> new UnsafeBuffer(argument, Integer.BYTES).getInt(0); // KVM_x_MSRS
      default -> 0;
    };
  }

  private static int msrs(long list) {
    UnsafeBuffer buffer = new UnsafeBuffer(list, 2 * Integer.BYTES);
    buffer.putInt(0, 1);
    buffer.putInt(Integer.BYTES, 0x10);
    return 0;
  }

  private int cpuid(long table) {
    UnsafeBuffer buffer = new UnsafeBuffer(table, 8 + cpuid.length * 40);
    buffer.putInt(0, cpuid.length);
    for (int i = 0; i < cpuid.length; i++) {
      for (int j = 0; j < cpuid[i].length; j++) {
        buffer.putInt(8 + i * 40 + j * Integer.BYTES, cpuid[i][j]);
      }
    }
    return 0;
  }

  private int vcpu() {
    int fd = real.memfdCreate("dry-vcpu", Linux.MFD_CLOEXEC);
    real.ftruncate(fd, RUN_LENGTH);
    return fd;
  }

  /** {@code out 0xf4, al}, with the layout of {@code struct kvm_run}; or a kick. */
  private int run(int fd) {
    UnsafeBuffer run = new UnsafeBuffer(runs.get(fd), RUN_LENGTH);
    if (run.getByte(1) != 0) {
      return -Errno.EINTR.number();
    }
    run.putInt(8, 2);
    run.putByte(32, (byte) 1);
    run.putByte(33, (byte) 1);
    run.putShort(34, (short) 0xf4);
    run.putInt(36, 1);
    run.putLong(40, DATA_OFFSET);
    return 0;
  }
}
