package javelin.devices.pci;

import java.util.List;
import javelin.devices.RecordingPower;
import javelin.devices.legacy.ResetControl;
import javelin.vmm.bus.IoSpace;

/** A host bridge with its address spaces and windows, as a PC has them. */
abstract class PciTestBench {
  static final long ECAM = 0xe000_0000L;
  static final long WINDOW_32 = 0xc000_0000L;
  static final long WINDOW_64 = 0x10_0000_0000L;

  final RecordingPower power = new RecordingPower();
  final IoSpace ports = IoSpace.ports();
  final IoSpace mmio = IoSpace.mmio();
  final PciBus bus = new PciBus();
  final PciHost host = new PciHost(bus, new ResetControl(power));
  final BarSpace space =
      new BarSpace(
          ports,
          mmio,
          List.of(new AddressWindow(0, 0xcf8), new AddressWindow(0xd00, 0xf300)),
          List.of(
              new AddressWindow(WINDOW_32, 0x2000_0000L),
              new AddressWindow(WINDOW_64, 0x10_0000_0000L)));

  PciTestBench() {
    host.attach(ports, mmio, ECAM, 256);
  }

  static long ecam(int device, int function, int register) {
    return ECAM + (device << 15) + (function << 12) + register;
  }

  long read(int device, int register, int size) {
    return mmio.read(ecam(device, 0, register), size) & -1L >>> (64 - 8 * size);
  }

  void write(int device, int register, int size, long value) {
    mmio.write(ecam(device, 0, register), size, value);
  }
}
