package javelin.passthrough.model.nvme;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import javelin.devices.virtio.blk.RawDisk;
import javelin.passthrough.model.BusMemory;
import javelin.passthrough.model.ModelHost;
import javelin.passthrough.vfio.VfioIrq;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A controller on a file of 1 MiB, 2 MiB of memory, and a driver with an admin queue and one pair
 * of I/O queues. What the controller does later it does in {@link #settle}, on the test's thread.
 */
final class NvmeBench implements ModelHost, AutoCloseable {
  static final int BLOCKS = 2048;
  static final int RAM = 2 << 20;
  static final int ENTRIES = 8;
  static final long DATA = 0x10_0000;
  private static final long[] SUBMISSIONS = {0x1000, 0x3000};
  private static final long[] COMPLETIONS = {0x2000, 0x4000};

  final Resources owned = new Resources();
  final GuestMemory memory = new GuestMemory();
  final List<Integer> messages = new ArrayList<>();
  final NvmeModel model;
  boolean isMsix = true;
  boolean pin;
  private final BusMemory bus = BusMemory.of(memory);
  private final Deque<Runnable> work = new ArrayDeque<>();
  private final int[] tails = new int[2];
  private final int[] heads = new int[2];
  private final int[] phases = {1, 1};
  private int nextId;

  NvmeBench(Path folder) throws IOException {
    Path image = folder.resolve("disk.img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(BLOCKS * 512L);
    }
    Linux linux = Linux.system();
    owned.own(GuestRam.create(linux, RamConfig.of(RAM), memory));
    model =
        new NvmeModel(
            owned.own(new RawDisk(linux.open(image.toString(), Linux.O_RDWR), false)), "serial");
    model.connect(this);
  }

  long register(int offset) {
    return model.read(0, offset, 4) & 0xffff_ffffL;
  }

  void register(int offset, long value) {
    model.write(0, offset, 4, value);
  }

  /** Enables the controller; returns its status register. */
  long enable() {
    register(0x24, (ENTRIES - 1) << 16 | (ENTRIES - 1));
    model.write(0, 0x28, 8, SUBMISSIONS[0]);
    model.write(0, 0x30, 8, COMPLETIONS[0]);
    register(0x14, 6 << 16 | 4 << 20 | 1);
    return register(0x1c);
  }

  /** As above, with I/O queues. */
  NvmeBench ready() {
    enable();
    admin(5, 0, COMPLETIONS[1], 0, (ENTRIES - 1) << 16 | 1, 1 << 16 | 3);
    admin(1, 0, SUBMISSIONS[1], 0, (ENTRIES - 1) << 16 | 1, 1 << 16 | 1);
    messages.clear();
    return this;
  }

  int admin(int opcode, int namespace, long prp1, long prp2, int... dwords) {
    return command(0, opcode, namespace, prp1, prp2, dwords);
  }

  int io(int opcode, long prp1, long prp2, long first, int blocks) {
    return command(
        1, opcode, 1, prp1, prp2, (int) first, (int) (first >>> 32), (blocks - 1) & 0xffff);
  }

  /** Has a command done; returns its status, or -1 where it does not end. */
  int command(int queue, int opcode, int namespace, long prp1, long prp2, int... dwords) {
    submit(queue, opcode, namespace, prp1, prp2, dwords);
    ring(queue);
    settle();
    return complete(queue);
  }

  void submit(int queue, int opcode, int namespace, long prp1, long prp2, int... dwords) {
    long at = SUBMISSIONS[queue] + 64L * tails[queue];
    memory.fill(at, 64, 0);
    memory.writeU32(at, opcode | (long) (++nextId & 0xffff) << 16);
    memory.writeU32(at + 4, namespace);
    memory.writeU64(at + 24, prp1);
    memory.writeU64(at + 32, prp2);
    for (int i = 0; i < dwords.length; i++) {
      memory.writeU32(at + 40 + 4L * i, dwords[i]);
    }
    tails[queue] = (tails[queue] + 1) % ENTRIES;
  }

  void ring(int queue) {
    register(0x1000 + 8 * queue, tails[queue]);
  }

  /** Takes the next completion; returns its status, or -1 where there is none. */
  int complete(int queue) {
    long at = COMPLETIONS[queue] + 16L * heads[queue];
    int status = memory.readU16(at + 14);
    if ((status & 1) != phases[queue]) {
      return -1;
    }
    heads[queue] = (heads[queue] + 1) % ENTRIES;
    if (heads[queue] == 0) {
      phases[queue] ^= 1;
    }
    register(0x1000 + 8 * queue + 4, heads[queue]);
    return status >>> 1;
  }

  /** Dword 0 of the completion that was taken last. */
  long result(int queue) {
    return memory.readU32(COMPLETIONS[queue] + 16L * ((heads[queue] + ENTRIES - 1) % ENTRIES));
  }

  void settle() {
    while (!work.isEmpty()) {
      work.poll().run();
    }
  }

  /** Does one thing of what is to be done later. */
  void step() {
    if (!work.isEmpty()) {
      work.poll().run();
    }
  }

  @Override
  public boolean readMemory(long address, byte[] target, int offset, int length) {
    return bus.read(address, target, offset, length);
  }

  @Override
  public boolean writeMemory(long address, byte[] source, int offset, int length) {
    return bus.write(address, source, offset, length);
  }

  @Override
  public void pin(boolean isAsserted) {
    pin = isAsserted;
  }

  @Override
  public boolean isOn(int irq) {
    return isMsix && irq == VfioIrq.MSIX;
  }

  @Override
  public void message(int irq, int vector) {
    messages.add(vector);
  }

  @Override
  public UnsafeBuffer memory(int bar) {
    throw new AssertionError("it has no memory");
  }

  @Override
  public void later(Runnable task) {
    work.add(task);
  }

  @Override
  public void close() {
    owned.close();
  }
}
