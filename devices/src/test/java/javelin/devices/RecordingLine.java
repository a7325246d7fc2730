package javelin.devices;

import javelin.vmm.irq.IrqLine;

/** Remembers the level that it was last driven to, and how often it went active. */
public final class RecordingLine implements IrqLine {
  private boolean active;
  private int edges;

  @Override
  public synchronized void set(boolean level) {
    if (level && !active) {
      edges++;
    }
    active = level;
  }

  public synchronized boolean active() {
    return active;
  }

  public synchronized int edges() {
    return edges;
  }
}
