package javelin.boot.guest.assign;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * A virtqueue as the device is told of it: its three areas in the guest's memory, and the place
 * where the device is notified (virtio 1.2, 2.6 to 2.8).
 */
public abstract class VirtioRings {
  /** Offset of the descriptor area in {@link #memory}. */
  protected static final int DESCRIPTORS = 0;

  /** Bytes of a descriptor. */
  protected static final int DESCRIPTOR = 16;

  /** Flags of a descriptor: another one follows; the device writes to the buffer. */
  protected static final int NEXT = 1;

  protected static final int WRITE = 2;

  protected final GuestRuntime r;
  protected final Assembler a;

  /** The areas, at a page boundary. */
  protected final Label memory;

  /** Where the device is notified (64 bits); the driver sets it. */
  protected final Label doorbell;

  final int size;
  final int driverArea;
  final int deviceArea;

  /**
   * @param size how many descriptors it has, a power of two
   * @param driverArea offset of the driver area in {@link #memory}
   * @param deviceArea offset of the device area, likewise
   */
  protected VirtioRings(Kit kit, String name, int size, int driverArea, int deviceArea) {
    r = kit.r();
    a = kit.a();
    this.size = size;
    this.driverArea = driverArea;
    this.deviceArea = deviceArea;
    memory = new Label(name);
    doorbell = r.variable(name + "Doorbell", 8);
  }

  /** Empties the rings; EAX = 1 where EVENT_IDX was negotiated, else 0. */
  protected abstract void emitSetUp();

  /** Room for the areas. */
  protected abstract void emitRoom();
}
