package javelin.vmm.kvm;

import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * KVM's own statistics of a VM or a vCPU, read from its stats descriptor (KVM API, 4.130; uapi
 * linux/kvm.h). What there is differs between kernels, so the file describes itself:
 *
 * <pre>
 *   header:      0 flags u32 | 4 name_size u32 | 8 num_desc u32 | 12 id_offset u32
 *               16 desc_offset u32 | 20 data_offset u32
 *   id:          name_size bytes, zero-terminated
 *   descriptor:  0 flags u32 | 4 exponent s16 | 6 size u16 | 8 offset u32 | 12 bucket_size u32
 *               16 name, name_size bytes
 *   data:        u64 values; a descriptor's offset counts from the start of the block
 *   flags:       3:0 type | 7:4 unit | 11:8 base of the exponent (0: ten, 1: two)
 * </pre>
 *
 * <p>Not for several threads at a time.
 */
public final class KvmStats implements AutoCloseable {
  private static final int HEADER_LENGTH = 24;
  private static final int NAME_SIZE_OFFSET = 4;
  private static final int COUNT_OFFSET = 8;
  private static final int ID_OFFSET_OFFSET = 12;
  private static final int DESCRIPTORS_OFFSET_OFFSET = 16;
  private static final int DATA_OFFSET_OFFSET = 20;

  private static final int EXPONENT_OFFSET = 4;
  private static final int SIZE_OFFSET = 6;
  private static final int VALUE_OFFSET_OFFSET = 8;
  private static final int BUCKET_SIZE_OFFSET = 12;
  private static final int NAME_OFFSET = 16;

  private static final int NIBBLE = 0xf;
  private static final int UNIT_SHIFT = 4;
  private static final int BASE_SHIFT = 8;

  /** Far above what kernels have (some 60 descriptors), far below what would hurt. */
  private static final int MAX_BYTES = 16 << 20;

  private record Descriptor(KvmStat stat, int offset, int size) {}

  private final Fd fd;
  private final String id;
  private final List<Descriptor> descriptors;
  private final int dataOffset;
  private final UnsafeBuffer data;

  private KvmStats(
      Fd fd, String id, List<Descriptor> descriptors, int dataOffset, UnsafeBuffer data) {
    this.fd = fd;
    this.id = id;
    this.descriptors = descriptors;
    this.dataOffset = dataOffset;
    this.data = data;
  }

  /**
   * Reads what statistics there are.
   *
   * @param fd from {@link KvmVm#statistics} or {@link KvmVcpu#statistics}; owned from now on, and
   *     closed where this fails
   * @throws KvmException where the file is not as described above
   */
  public static KvmStats open(Fd fd) {
    try {
      return read(fd);
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  private static KvmStats read(Fd fd) {
    UnsafeBuffer header = pread(fd, 0, HEADER_LENGTH);
    int nameSize = getInt(header, NAME_SIZE_OFFSET);
    int count = getInt(header, COUNT_OFFSET);
    require(fd, nameSize > 0 && count >= 0, "header");
    String id = text(pread(fd, getInt(header, ID_OFFSET_OFFSET), nameSize), 0, nameSize);
    long stride = (long) NAME_OFFSET + nameSize;
    UnsafeBuffer block = pread(fd, getInt(header, DESCRIPTORS_OFFSET_OFFSET), stride * count);
    List<Descriptor> descriptors = new ArrayList<>(count);
    long end = 0;
    for (int i = 0; i < count; i++) {
      Descriptor descriptor = descriptor(block, (int) (i * stride), nameSize);
      require(fd, descriptor.offset >= 0 && descriptor.size > 0, descriptor.stat.name());
      descriptors.add(descriptor);
      end = Math.max(end, descriptor.offset + (long) descriptor.size * Long.BYTES);
    }
    require(fd, end <= MAX_BYTES, "data block");
    return new KvmStats(
        fd,
        id,
        descriptors,
        getInt(header, DATA_OFFSET_OFFSET),
        NativeMemory.allocate((int) Math.max(end, 1)));
  }

  private static Descriptor descriptor(UnsafeBuffer block, int at, int nameSize) {
    int flags = getInt(block, at);
    int exponent = block.getShort(at + EXPONENT_OFFSET, ByteOrder.LITTLE_ENDIAN);
    int type = Math.min(flags & NIBBLE, KvmStat.Type.OTHER.ordinal());
    int unit = Math.min(flags >>> UNIT_SHIFT & NIBBLE, KvmStat.Unit.OTHER.ordinal());
    boolean isBaseTwo = (flags >>> BASE_SHIFT & NIBBLE) == 1;
    KvmStat stat =
        new KvmStat(
            text(block, at + NAME_OFFSET, nameSize),
            KvmStat.Type.values()[type],
            KvmStat.Unit.values()[unit],
            Math.pow(isBaseTwo ? 2 : 10, exponent),
            Integer.toUnsignedLong(getInt(block, at + BUCKET_SIZE_OFFSET)),
            List.of());
    int size = block.getShort(at + SIZE_OFFSET, ByteOrder.LITTLE_ENDIAN) & 0xffff;
    return new Descriptor(stat, getInt(block, at + VALUE_OFFSET_OFFSET), size);
  }

  private static int getInt(UnsafeBuffer buffer, int offset) {
    return buffer.getInt(offset, ByteOrder.LITTLE_ENDIAN);
  }

  private static String text(UnsafeBuffer buffer, int offset, int length) {
    byte[] bytes = new byte[length];
    buffer.getBytes(offset, bytes);
    int end = 0;
    while (end < length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.US_ASCII);
  }

  private static void require(Fd fd, boolean holds, String part) {
    if (!holds) {
      throw new KvmException(fd.subject() + ": the " + part + " is not as KVM's API describes it");
    }
  }

  private static UnsafeBuffer pread(Fd fd, int offset, long length) {
    require(fd, offset >= 0 && length <= MAX_BYTES, "header");
    UnsafeBuffer buffer = NativeMemory.allocate((int) Math.max(length, 1));
    pread(fd, offset, buffer, (int) length);
    return buffer;
  }

  private static void pread(Fd fd, int offset, UnsafeBuffer buffer, int length) {
    long done = fd.linux().syscalls().pread(fd.number(), buffer.addressOffset(), length, offset);
    Linux.check(done, "pread", fd.subject());
    if (done != length) {
      throw new KvmException(
          String.format(
              "%s: %d bytes at %d are wanted and %d are there",
              fd.subject(), length, offset, done));
    }
  }

  /** The kernel's name of the VM or vCPU, such as {@code "kvm-1234/vcpu-0"}. */
  public String id() {
    return id;
  }

  /**
   * All statistics as they are now, in the kernel's order.
   *
   * @throws ErrnoException where the descriptor is closed
   */
  public List<KvmStat> read() {
    int length = data.capacity();
    if (descriptors.isEmpty()) {
      return List.of();
    }
    pread(fd, dataOffset, data, length);
    List<KvmStat> stats = new ArrayList<>(descriptors.size());
    for (Descriptor descriptor : descriptors) {
      List<Long> values = new ArrayList<>(descriptor.size);
      for (int i = 0; i < descriptor.size; i++) {
        values.add(data.getLong(descriptor.offset + i * Long.BYTES, ByteOrder.LITTLE_ENDIAN));
      }
      KvmStat stat = descriptor.stat;
      stats.add(
          new KvmStat(
              stat.name(), stat.type(), stat.unit(), stat.scale(), stat.bucketSize(), values));
    }
    return stats;
  }

  /** The statistic called {@code name} as it is now; empty where this kernel has none. */
  public Optional<KvmStat> read(String name) {
    return read().stream().filter(stat -> stat.name().equals(name)).findFirst();
  }

  @Override
  public void close() {
    fd.close();
  }
}
