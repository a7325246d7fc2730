package javelin.perf.exits;

import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import javelin.boot.guest.bench.ExitsGuest;
import javelin.vmm.kvm.KernelStruct;
import javelin.vmm.kvm.KvmRegs;
import javelin.vmm.kvm.KvmSregs;
import javelin.vmm.kvm.KvmVcpu;
import javelin.vmm.linux.Linux;
import org.agrona.concurrent.UnsafeBuffer;

/** The measuring guest on Javelin's machine before its first instruction, as files. */
final class GuestSnapshot {
  private GuestSnapshot() {}

  /**
   * Writes {@code ram}, {@code regs}, {@code sregs} and {@code cpuid.N}, in the kernel's own
   * layouts.
   *
   * @return the frequency of the guest's counter in kHz; 0 where KVM does not know it
   * @throws javelin.vmm.kvm.KvmException where KVM cannot be used
   */
  static int write(Scratch target, ExitsGuest.Plan plan) throws IOException {
    try (ExitsMachine machine =
        new ExitsMachine(Linux.system(), ExitsGuest.program(plan), new CaseMeter(1), line -> {})) {
      byte[] ram = new byte[Math.toIntExact(machine.memory().size())];
      machine.memory().read(0, ram, 0, ram.length);
      Files.write(target.file("ram"), ram);
      KvmVcpu boot = machine.vcpus().get(0);
      write(target.file("regs"), boot.regs(), KvmRegs.LENGTH);
      write(target.file("sregs"), boot.sregs(), KvmSregs.LENGTH);
      for (int i = 0; i < ExitsGuest.CPUS; i++) {
        write(target.file("cpuid." + i), machine.cpus().cpuid(i));
      }
      return boot.tscKhz();
    }
  }

  private static void write(Path file, KernelStruct struct, int length) throws IOException {
    try {
      write(file, new UnsafeBuffer(struct.address(), length));
    } finally {
      // The bytes live as long as the struct does.
      Reference.reachabilityFence(struct);
    }
  }

  private static void write(Path file, UnsafeBuffer bytes) throws IOException {
    byte[] copy = new byte[bytes.capacity()];
    bytes.getBytes(0, copy);
    Files.write(file, copy);
  }
}
