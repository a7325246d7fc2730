package javelin.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javelin.vmm.bus.IoHandler;
import javelin.vmm.kvm.CpuTopology;
import javelin.vmm.kvm.CpuidShape;
import javelin.vmm.kvm.CpuidShaper;
import javelin.vmm.kvm.CpuidTable;
import javelin.vmm.kvm.KvmAvailable;
import javelin.vmm.kvm.KvmSystem;
import javelin.vmm.kvm.MsiRequest;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Messages to a local APIC that a guest has switched to x2APIC mode. */
@Tag("kvm")
@Timeout(60)
final class LocalApicTest {
  private static final int PORT = 0xe0;
  private static final int READY = 1;
  private static final int MESSAGE_VECTOR = 0x40;
  private static final int SELF_VECTOR = 0x41;
  private static final int HANDLERS = 0x1200;
  private static final int HANDLER_LENGTH = 0x40;

  private static final int APIC_BASE = 0x1b;
  private static final int APIC_BASE_X2APIC = 0xc00;
  private static final int X2APIC_EOI = 0x80b;
  private static final int X2APIC_SPURIOUS = 0x80f;
  private static final int X2APIC_SELF_IPI = 0x83f;
  private static final int SOFTWARE_ENABLE = 0x1ff;

  private static final long MESSAGE_ADDRESS = 0xfee0_0000L;
  private static final long ABSENT_APIC = MESSAGE_ADDRESS | 5 << 12;

  private final BlockingQueue<Integer> said = new LinkedBlockingQueue<>();
  private TestMachine test;
  private Thread runner;

  /** 16-bit code, in real mode. */
  private static final class Code {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Code add(int... more) {
      for (int value : more) {
        bytes.write(value);
      }
      return this;
    }

    private Code immediate(int value) {
      return add(value, value >> 8, value >> 16, value >> 24);
    }

    /** mov ecx, msr; mov eax, value; xor edx, edx; wrmsr. */
    Code writeMsr(int msr, int value) {
      add(0x66, 0xb9).immediate(msr).add(0x66, 0xb8).immediate(value);
      return add(0x66, 0x31, 0xd2, 0x0f, 0x30);
    }

    /** mov ecx, msr; rdmsr; or eax, bits; wrmsr. */
    Code setInMsr(int msr, int bits) {
      add(0x66, 0xb9).immediate(msr).add(0x0f, 0x32, 0x66, 0x0d).immediate(bits);
      return add(0x0f, 0x30);
    }

    /** mov al, value; out port, al. */
    Code say(int value) {
      return add(0xb0, value, 0xe6, PORT);
    }

    int[] toArray() {
      byte[] all = bytes.toByteArray();
      int[] code = new int[all.length];
      for (int i = 0; i < all.length; i++) {
        code[i] = all[i] & 0xff;
      }
      return code;
    }
  }

  @BeforeEach
  void start() throws InterruptedException {
    KvmAvailable.assumeKvm();
    Code code =
        new Code()
            .add(0xfa, 0xb0, 0xff, 0xe6, 0x21, 0xe6, 0xa1) // cli; mask both PICs
            .setInMsr(APIC_BASE, APIC_BASE_X2APIC)
            .writeMsr(X2APIC_SPURIOUS, SOFTWARE_ENABLE)
            .add(0xfb) // sti
            .say(READY)
            .writeMsr(X2APIC_SELF_IPI, SELF_VECTOR)
            .add(0xf4, 0xeb, 0xfd); // hlt, for ever
    test = new TestMachine(new Machine.ResetPolicy(false, false), code.toArray());
    try (KvmSystem kvm = KvmSystem.open(Linux.system(), KvmSystem.DEVICE)) {
      CpuidShape shape = new CpuidShape(CpuTopology.flat(1), true, true, List.of());
      CpuidTable offered = CpuidTable.decode(kvm.supportedCpuid());
      test.vcpu.cpuid(new CpuidShaper(offered, shape).forVcpu(0).encode());
    }
    handler(MESSAGE_VECTOR, HANDLERS);
    handler(SELF_VECTOR, HANDLERS + HANDLER_LENGTH);
    test.ports.register(
        "said",
        PORT,
        1,
        new IoHandler() {
          @Override
          public long read(long offset, int size) {
            return 0;
          }

          @Override
          public void write(long offset, int size, long value) {
            said.add((int) value);
          }
        });
    runner = new Thread(this::run);
    runner.start();
    assertThat(next()).isEqualTo(READY);
    assertThat(next()).isEqualTo(SELF_VECTOR);
  }

  private void run() {
    try {
      test.machine.run(Duration.ofSeconds(50));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Says its vector, acknowledges and returns. */
  private void handler(int vector, int address) {
    int[] code = new Code().say(vector).writeMsr(X2APIC_EOI, 0).add(0xcf).toArray();
    for (int i = 0; i < code.length; i++) {
      test.memory.writeU8(address + i, code[i]);
    }
    test.memory.writeU16(vector * 4L, address);
    test.memory.writeU16(vector * 4L + 2, 0);
  }

  private int next() throws InterruptedException {
    Integer value = said.poll(20, TimeUnit.SECONDS);
    assertThat(value).as("the guest says something").isNotNull();
    return value;
  }

  @AfterEach
  void end() throws InterruptedException {
    if (test != null) {
      test.machine.stop(new StopReason.Requested("test"));
      runner.join();
      test.close();
    }
  }

  @Test
  void shouldDeliverAMessageToALiveApic() throws Exception {
    assertThat(new MsiRequest(test.vm).signal(MESSAGE_ADDRESS, MESSAGE_VECTOR)).isTrue();
    assertThat(next()).isEqualTo(MESSAGE_VECTOR);

    assertThat(new MsiRequest(test.vm).signal(MESSAGE_ADDRESS, MESSAGE_VECTOR)).isTrue();
    assertThat(next()).isEqualTo(MESSAGE_VECTOR);
  }

  @Test
  void shouldSayWhenNoApicTakesAMessage() {
    assertThat(new MsiRequest(test.vm).signal(ABSENT_APIC, MESSAGE_VECTOR)).isFalse();
    assertThat(said).isEmpty();
  }
}
