package javelin.vmm.kvm;

import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class KvmStatsTest {
  private static final int NAME_SIZE = 32;
  private static final int ID_AT = 24;
  private static final int DESCRIPTORS_AT = 64;
  private static final int DATA_AT = 512;
  private static final String PATH = "/stats";

  private final FakeSyscalls fake = new FakeSyscalls();
  private final Linux linux = new Linux(fake);

  @AfterEach
  void close() {
    fake.close();
  }

  /** Four statistics; the id and the blocks do not touch, as the API allows. */
  private static ByteBuffer blob() {
    ByteBuffer b = ByteBuffer.allocate(DATA_AT + 64).order(ByteOrder.LITTLE_ENDIAN);
    b.putInt(0).putInt(NAME_SIZE).putInt(4).putInt(ID_AT).putInt(DESCRIPTORS_AT).putInt(DATA_AT);
    text(b, ID_AT, "kvm-42/vcpu-1");
    descriptor(b, 0, 0x000, 0, 1, 8, 0, "exits");
    descriptor(b, 1, 0x020, -9, 1, 0, 0, "halt_wait_ns");
    descriptor(b, 2, 0x003, 0, 4, 16, 100, "histogram");
    descriptor(b, 3, 0x111, 10, 1, 48, 0, "resident");
    b.putLong(DATA_AT, 5_000).putLong(DATA_AT + 8, -1);
    for (int i = 0; i < 4; i++) {
      b.putLong(DATA_AT + 16 + 8 * i, i * 11L);
    }
    return b.putLong(DATA_AT + 48, 3);
  }

  private static void descriptor(
      ByteBuffer b, int n, int flags, int exponent, int size, int offset, int bucket, String name) {
    int at = DESCRIPTORS_AT + n * (16 + NAME_SIZE);
    b.putInt(at, flags).putShort(at + 4, (short) exponent).putShort(at + 6, (short) size);
    b.putInt(at + 8, offset).putInt(at + 12, bucket);
    text(b, at + 16, name);
  }

  private static void text(ByteBuffer b, int at, String text) {
    b.put(at, text.getBytes(StandardCharsets.US_ASCII));
  }

  private static byte[] bytes(ByteBuffer blob) {
    byte[] bytes = new byte[blob.capacity()];
    blob.get(0, bytes);
    return bytes;
  }

  private KvmStats open(byte[] bytes) {
    fake.file(PATH, bytes);
    return KvmStats.open(linux.open(PATH, Linux.O_RDONLY));
  }

  @Test
  void shouldReadWhatTheFileDescribes() {
    ByteBuffer blob = blob();
    try (KvmStats stats = open(bytes(blob))) {
      assertThat(stats.id()).isEqualTo("kvm-42/vcpu-1");
      assertThat(stats.read())
          .extracting(stat -> stat.name() + " " + stat.type() + " " + stat.text())
          .containsExactly(
              "exits CUMULATIVE 18446744073709551615",
              "halt_wait_ns CUMULATIVE 5000 * 1e-09 s",
              "histogram LINEAR_HISTOGRAM [0 11 22 33]",
              "resident INSTANT 3 * 1024 B");
      KvmStat histogram = stats.read("histogram").orElseThrow();
      assertThat(histogram.bucketSize()).isEqualTo(100);
      assertThat(histogram.values()).containsExactly(0L, 11L, 22L, 33L);
      assertThat(stats.read("resident").orElseThrow().scale()).isEqualTo(1024);
      assertThat(stats.read("no such")).isEmpty();
      fake.file(PATH, bytes(blob.putLong(DATA_AT + 8, 77)));
      assertThat(stats.read("exits").orElseThrow().value()).as("read anew").isEqualTo(77);
    }
    fake.requireNothingOpen();
  }

  @Test
  void shouldTakeKindsThatItDoesNotKnow() {
    ByteBuffer blob = blob().putInt(DESCRIPTORS_AT, 0xfff);
    try (KvmStats stats = open(bytes(blob))) {
      KvmStat stat = stats.read("exits").orElseThrow();
      assertThat(stat.type()).isEqualTo(KvmStat.Type.OTHER);
      assertThat(stat.unit()).isEqualTo(KvmStat.Unit.OTHER);
    }
  }

  @Test
  void shouldRefuseATruncatedFileAndCloseIt() {
    byte[] whole = bytes(blob());
    for (int length : new int[] {0, 23, 24, 60, 100}) {
      assertThatThrownBy(() -> open(Arrays.copyOf(whole, length)))
          .isInstanceOf(KvmException.class)
          .hasMessageContaining("are there");
    }
    fake.requireNothingOpen();
    try (KvmStats stats = open(Arrays.copyOf(whole, DATA_AT + 40))) {
      assertThatThrownBy(stats::read)
          .hasMessage("/stats: 56 bytes at 512 are wanted and 40 are there");
    }
  }

  @Test
  void shouldRefuseNumbersThatCannotBe() {
    int nameSize = 4;
    int count = 8;
    for (ByteBuffer bad :
        new ByteBuffer[] {
          blob().putInt(nameSize, 0),
          blob().putInt(nameSize, -1),
          blob().putInt(nameSize, Integer.MAX_VALUE),
          blob().putInt(count, -1),
          blob().putInt(count, Integer.MAX_VALUE),
          blob().putInt(12, -4),
          blob().putShort(DESCRIPTORS_AT + 6, (short) 0),
          blob().putInt(DESCRIPTORS_AT + 8, -8),
          blob().putInt(DESCRIPTORS_AT + 8, Integer.MAX_VALUE),
        }) {
      assertThatThrownBy(() -> open(bytes(bad)))
          .isInstanceOf(KvmException.class)
          .hasMessageEndingWith("is not as KVM's API describes it");
    }
    fake.requireNothingOpen();
  }

  @Test
  @Tag("kvm")
  void shouldReadThoseOfARealVmAndVcpu() throws Exception {
    KvmAvailable.assumeKvm();
    noLeaks(
        () -> {
          try (KvmSystem kvm = KvmSystem.open(Linux.system(), KvmSystem.DEVICE);
              KvmVm vm = kvm.createVm()) {
            assumeTrue(
                kvm.check(KvmCapability.BINARY_STATS_FD) != 0,
                "skipped: this kernel's KVM has no binary statistics");
            vm.createIrqchip();
            try (KvmVcpu vcpu = vm.createVcpu(0);
                KvmStats ofVm = KvmStats.open(vm.statistics());
                KvmStats ofVcpu = KvmStats.open(vcpu.statistics())) {
              assertThat(ofVm.id()).startsWith("kvm-");
              assertThat(ofVm.read()).isNotEmpty();
              assertThat(ofVcpu.id()).endsWith("/vcpu-0");
              assertThat(ofVcpu.read("exits")).isPresent();
              assertThat(ofVcpu.read("halt_wait_hist").orElseThrow().values())
                  .hasSizeGreaterThan(1);
              assertThatThrownBy(() -> readClosed(vcpu)).hasMessageContaining("EBADF");
            }
          }
        });
  }

  private static void readClosed(KvmVcpu vcpu) {
    Fd fd = vcpu.statistics();
    KvmStats stats = KvmStats.open(fd);
    stats.close();
    stats.read();
  }
}
