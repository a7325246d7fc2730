package javelin.devices.pci;

import java.util.function.IntFunction;
import javelin.vmm.irq.IrqLine;

/**
 * From the INTx pins of devices on bus 0 to GSIs 16 to 23, by {@code 16 + ((device + pin) & 7)}, as
 * the ACPI {@code _PRT} says too. Pins that share a GSI are wired together: it is active while one
 * of them is. One lock guards all.
 */
public final class IntxRouter {
  /** GSIs, and the first of them. */
  public static final int GSI_COUNT = 8;

  public static final int FIRST_GSI = 16;

  private final IrqLine[] lines = new IrqLine[GSI_COUNT];
  private final int[] activePins = new int[GSI_COUNT];

  /** Drives the lines that {@code gsi} gives for 16 to 23. */
  public IntxRouter(IntFunction<IrqLine> gsi) {
    for (int i = 0; i < GSI_COUNT; i++) {
      lines[i] = gsi.apply(FIRST_GSI + i);
    }
  }

  /**
   * The GSI of a pin.
   *
   * @param device 0 to 31
   * @param pin 0 for INTA to 3 for INTD
   */
  public static int gsi(int device, int pin) {
    return FIRST_GSI + (device + pin & GSI_COUNT - 1);
  }

  /** A new wire to the GSI of a pin, for one function. */
  public IrqLine pin(int device, int pin) {
    int index = gsi(device, pin) - FIRST_GSI;
    return new IrqLine() {
      private boolean active;

      @Override
      public void set(boolean nowActive) {
        synchronized (IntxRouter.this) {
          if (nowActive == active) {
            return;
          }
          active = nowActive;
          activePins[index] += nowActive ? 1 : -1;
          if (activePins[index] == (nowActive ? 1 : 0)) {
            lines[index].set(nowActive);
          }
        }
      }
    };
  }
}
