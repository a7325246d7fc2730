package javelin.devices.virtio.queue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import javelin.vmm.memory.GuestMemory;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Writes down the accesses to parts of guest RAM, in their order. */
record Recorder(GuestMemory memory, List<String> accesses) {
  /** A part whose accesses are written down as {@code "name.method offset"}. */
  AtomicBuffer buffer(String name, long address, int length) {
    UnsafeBuffer real = new UnsafeBuffer(memory.hostAddress(address, length), length);
    return (AtomicBuffer)
        Proxy.newProxyInstance(
            AtomicBuffer.class.getClassLoader(),
            new Class<?>[] {AtomicBuffer.class},
            (proxy, method, arguments) -> {
              accesses.add(name + "." + method.getName() + " " + arguments[0]);
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
