package javelin.passthrough.vfio;

import java.util.List;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Mapping;

/** A device that does what another one does, but for what a subclass changes. */
public abstract class ForwardingDevice implements VfioDevice {
  /** The other one. */
  protected final VfioDevice device;

  /** Forwards to {@code device}. */
  protected ForwardingDevice(VfioDevice device) {
    this.device = device;
  }

  @Override
  public String name() {
    return device.name();
  }

  @Override
  public boolean canReset() {
    return device.canReset();
  }

  @Override
  public String resetter() {
    return device.resetter();
  }

  @Override
  public VfioRegion region(int index) {
    return device.region(index);
  }

  @Override
  public VfioIrq irq(int index) {
    return device.irq(index);
  }

  @Override
  public long read(int region, long offset, int size) {
    return device.read(region, offset, size);
  }

  @Override
  public void write(int region, long offset, int size, long value) {
    device.write(region, offset, size, value);
  }

  @Override
  public Mapping map(int region, long offset, long length) {
    return device.map(region, offset, length);
  }

  @Override
  public List<VfioDoorbell> doorbells(int region) {
    return device.doorbells(region);
  }

  @Override
  public void trigger(int irq, int start, List<EventFd> events) {
    device.trigger(irq, start, events);
  }

  @Override
  public void disable(int irq) {
    device.disable(irq);
  }

  @Override
  public void mask() {
    device.mask();
  }

  @Override
  public void unmask() {
    device.unmask();
  }

  @Override
  public void unmaskBy(EventFd event) {
    device.unmaskBy(event);
  }

  @Override
  public void reset() {
    device.reset();
  }

  @Override
  public HotReset hotReset() {
    return device.hotReset();
  }

  @Override
  public void resetBus() {
    device.resetBus();
  }

  @Override
  public void whenGone(Runnable handler) {
    device.whenGone(handler);
  }

  @Override
  public void close() {
    device.close();
  }
}
