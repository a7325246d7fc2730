package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import java.util.List;
import javelin.boot.guest.GuestProgram;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;

/**
 * The guest that drives the virtio functions of PCI bus 0 that it knows, without Linux: blocks,
 * whose last two sectors it overwrites, entropy, and networks, two of which send to each other.
 * Other functions are left alone.
 *
 * <p>It is short, as ring 0 is emulated instruction by instruction on some nested hosts.
 */
public final class VirtioCheckGuest extends PciCheckGuest {
  private static final int PAGE = 4096;
  private static final int VENDOR = 0x1af4;

  /** Device IDs of functions without the legacy interface: 0x1040 to 0x107f. */
  private static final int DEVICE_SHIFT = 16 + 6;

  private static final int DEVICES = 0x1040 >> 6;

  private final VirtioDriver driver;
  private final VirtioQueue queue;
  private final VirtioQueue packed;
  private final List<DeviceChecks> devices;
  private final Label count;

  private VirtioCheckGuest(PciPlatform platform) {
    super("virtio-check", platform);
    queue = new SplitQueue(kit, pciInterrupts);
    packed = new PackedQueue(kit, pciInterrupts);
    driver = new VirtioDriver(kit, msix, pciInterrupts);
    devices =
        List.of(
            new VirtioBlkChecks(kit, driver, queue, packed),
            new VirtioRngChecks(kit, driver, queue, packed),
            new VirtioNetChecks(kit, driver, functions, pciInterrupts));
    count = r.variable("virtioFunctions", 4);
  }

  /** The guest for a machine of that kind. */
  public static GuestProgram program(PciPlatform platform) {
    return new VirtioCheckGuest(platform).assemble();
  }

  @Override
  protected void emitChecks() {
    super.emitChecks();
    r.print("virtio functions: ");
    a.mov(EAX, ptr(count)).call(r.putDec).cmp(DWORD, ptr(count), 0);
    r.check(Cond.NE, "a virtio function to check");
    r.endLine();
  }

  @Override
  protected void emitFunction() {
    Label out = new Label("not virtio");
    a.mov(EAX, ptr(RBX, Functions.IDS)).mov(ECX, EAX).and(ECX, 0xffff).cmp(ECX, VENDOR).jnz(out);
    a.shr(EAX, DEVICE_SHIFT).cmp(EAX, DEVICES).jnz(out).inc(DWORD, ptr(count));
    functions.emitIdentity();
    r.print("\r\n");
    bars.emit();
    capabilities.emit();
    a.cmp(DWORD, ptr(RBX, Functions.CAP_MSIX), 0);
    r.check(Cond.NE, "virtio functions have MSI-X");
    a.cmp(DWORD, ptr(RBX, Functions.CAP_MSIX), 0).jz(out);
    driver.emitFind();
    a.jz(out);
    devices.forEach(DeviceChecks::emit);
    functions.command(0);
    a.label(out);
  }

  @Override
  protected List<DeviceChecks> devices() {
    return devices;
  }

  @Override
  protected void emitRoutines() {
    super.emitRoutines();
    driver.emitRoutines();
  }

  @Override
  protected void emitRoom() {
    super.emitRoom();
    a.align(PAGE);
    queue.emitRoom();
    packed.emitRoom();
  }
}
