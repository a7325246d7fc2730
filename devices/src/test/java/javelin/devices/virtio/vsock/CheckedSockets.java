package javelin.devices.virtio.vsock;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeSyscalls;
import javelin.vmm.linux.Syscalls;
import javelin.vmm.memory.GuestMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The C library's calls, of which those that move a row of buffers must keep to the guest's memory,
 * and which remembers the sockets that are open.
 */
final class CheckedSockets {
  private static final int ENTRY = 16;

  private final GuestMemory memory;
  private final long length;
  private final Set<Integer> open = ConcurrentHashMap.newKeySet();

  /**
   * @param length bytes of {@code memory}, from address 0 on
   */
  CheckedSockets(GuestMemory memory, long length) {
    this.memory = memory;
    this.length = length;
  }

  Linux linux() {
    return new Linux(
        (Syscalls)
            Proxy.newProxyInstance(
                CheckedSockets.class.getClassLoader(),
                new Class<?>[] {Syscalls.class},
                (proxy, method, arguments) -> call(method, arguments)));
  }

  /** Sockets that were made or accepted and are not closed. */
  int open() {
    return open.size();
  }

  private Object call(Method method, Object[] arguments) throws Throwable {
    String name = method.getName();
    if (name.equals("readv") || name.equals("writev")) {
      check((long) arguments[1], (int) arguments[2]);
    } else if (name.equals("close")) {
      open.remove((Integer) arguments[0]);
    }
    Object result;
    try {
      result = method.invoke(NativeSyscalls.INSTANCE, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
    if ((name.equals("socket") || name.equals("accept")) && (int) result >= 0) {
      open.add((Integer) result);
    }
    return result;
  }

  private void check(long iovecs, int count) {
    long start = memory.hostAddress(0, length);
    UnsafeBuffer entries = new UnsafeBuffer(iovecs, count * ENTRY);
    for (int at = 0; at < count * ENTRY; at += ENTRY) {
      long offset = entries.getLong(at) - start;
      long bytes = entries.getLong(at + Long.BYTES);
      if (offset < 0 || bytes <= 0 || offset > length - bytes) {
        throw new AssertionError(bytes + " bytes at " + offset + " are not the guest's");
      }
    }
  }
}
