package javelin.devices.console;

import javelin.vmm.event.EventLoop;
import org.agrona.DirectBuffer;

/** What the back ends that are made of descriptors share: a pump between those and the device. */
abstract class DescriptorBackend implements SerialBackend, BytePump.Owner {
  private final BytePump pump;

  /**
   * A back end without descriptors; whoever extends it connects the pump, and closes it also where
   * its own constructor fails.
   *
   * @param filter sees all input; null where there is none
   * @param readAlways as {@link BytePump} has it
   */
  DescriptorBackend(EventLoop loop, InputFilter filter, boolean readAlways) {
    pump = new BytePump(loop, this, filter, readAlways);
  }

  final BytePump pump() {
    return pump;
  }

  @Override
  public final void attach(Port port) {
    pump.attach(port);
  }

  @Override
  public final boolean write(int value) {
    return pump.write(value);
  }

  @Override
  public final int write(DirectBuffer bytes, int offset, int length) {
    return pump.write(bytes, offset, length);
  }

  @Override
  public final void inputWanted() {
    pump.inputWanted();
  }
}
