package javelin.devices.virtio.blk;

import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.VirtioBench;

/** A driver of a block device, one request at a time on queue 0 (virtio 1.2, 5.2.6). */
final class BlkDriver {
  static final int IN = 0;
  static final int OUT = 1;
  static final int FLUSH = 4;
  static final int GET_ID = 8;
  static final int DISCARD = 11;
  static final int WRITE_ZEROES = 13;

  static final int OK = 0;
  static final int IOERR = 1;
  static final int UNSUPP = 2;

  /** What the status byte holds until the device writes it. */
  static final int NO_STATUS = 0xee;

  static final long HEADER = 0x8_0000;
  static final long STATUS = 0x8_0100;
  static final long DATA = 0x10_0000;

  private final VirtioBench bench;
  final ModelDriver driver;
  final ModelRing ring;
  private int done;

  /** Sets the device up. */
  BlkDriver(VirtioBench bench, long features) {
    this.bench = bench;
    driver = bench.driver();
    ring = driver.start(features, 64);
  }

  private void header(int type, long sector) {
    bench.memory.writeU32(HEADER, type);
    bench.memory.writeU32(HEADER + 4, 0);
    bench.memory.writeU64(HEADER + 8, sector);
    bench.memory.writeU8(STATUS, NO_STATUS);
  }

  private int finish() {
    driver.notify(0);
    done++;
    if (ring.usedIndex() != done) {
      throw new AssertionError("the request did not come back, " + bench.problems);
    }
    return bench.memory.readU8(STATUS);
  }

  /** Bytes that the device says it has written for the last request. */
  long written() {
    return ring.usedWritten(done - 1);
  }

  /** Reads into {@link #DATA}; returns the status. */
  int read(long sector, long bytes) {
    header(IN, sector);
    ring.send(1, HEADER, 16, DATA, bytes, STATUS, 1);
    return finish();
  }

  /** Reads into two buffers at {@link #DATA} and 64 KiB behind it. */
  int readInTwo(long sector, long first, long second) {
    header(IN, sector);
    ring.send(1, HEADER, 16, DATA, first, DATA + 0x1_0000, second, STATUS, 1);
    return finish();
  }

  /** Writes from {@link #DATA}; returns the status. */
  int write(long sector, long bytes) {
    header(OUT, sector);
    ring.send(2, HEADER, 16, DATA, bytes, STATUS, 1);
    return finish();
  }

  /** Writes {@code bytes}. */
  int write(long sector, byte[] bytes) {
    bench.memory.write(DATA, bytes);
    return write(sector, bytes.length);
  }

  /** A request of {@code type} without data. */
  int plain(int type) {
    header(type, 0);
    ring.send(1, HEADER, 16, STATUS, 1);
    return finish();
  }

  /** A request for the serial number, into {@link #DATA}. */
  int id(int bytes) {
    header(GET_ID, 0);
    ring.send(1, HEADER, 16, DATA, bytes, STATUS, 1);
    return finish();
  }

  /** A discard or write-zeroes request of one range. */
  int range(int type, long sector, long count, int flags) {
    header(type, 0);
    bench.memory.writeU64(DATA, sector);
    bench.memory.writeU32(DATA + 8, count);
    bench.memory.writeU32(DATA + 12, flags);
    ring.send(2, HEADER, 16, DATA, 16, STATUS, 1);
    return finish();
  }

  /** One of {@code bytes} bytes of ranges. */
  int ranges(int type, int bytes) {
    header(type, 0);
    ring.send(2, HEADER, 16, DATA, bytes, STATUS, 1);
    return finish();
  }

  /** Header and data in one buffer, and the status behind the data that is read. */
  int readLaidOutOddly(long sector, int bytes) {
    header(IN, sector);
    bench.memory.writeU8(DATA + bytes, NO_STATUS);
    ring.send(2, HEADER, 3, HEADER + 3, 13, DATA, bytes + 1);
    driver.notify(0);
    done++;
    return bench.memory.readU8(DATA + bytes);
  }
}
