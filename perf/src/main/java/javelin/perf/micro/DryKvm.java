package javelin.perf.micro;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import javelin.vmm.kvm.KvmSystem;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeSyscalls;
import javelin.vmm.linux.Syscalls;

/**
 * A VM without a kernel behind it, so that Javelin's own part of an ioctl can be measured, and on
 * any host: each of KVM's requests has success for an answer. All other calls are the C library's.
 */
final class DryKvm implements AutoCloseable {
  private static final int KVMIO = 0xae;
  private static final int CREATE_VM = 0x01;

  private final Linux linux;
  private final KvmSystem system;
  private final KvmVm vm;

  DryKvm() {
    linux =
        new Linux(
            (Syscalls)
                Proxy.newProxyInstance(
                    DryKvm.class.getClassLoader(),
                    new Class<?>[] {Syscalls.class},
                    (proxy, method, arguments) -> call(method, arguments)));
    // Never asked for anything but the VM.
    system = KvmSystem.openUnchecked(linux, "/dev/null");
    vm = system.createVm();
  }

  private static Object call(Method method, Object[] arguments) throws Throwable {
    if (method.getName().equals("ioctl") && ((long) arguments[1] >>> Byte.SIZE & 0xff) == KVMIO) {
      boolean isDescriptor = ((long) arguments[1] & 0xff) == CREATE_VM;
      return isDescriptor ? NativeSyscalls.INSTANCE.eventfd(0, Linux.O_CLOEXEC) : (Object) 0;
    }
    try {
      return method.invoke(NativeSyscalls.INSTANCE, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

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
