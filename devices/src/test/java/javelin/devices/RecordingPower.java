package javelin.devices;

import java.util.ArrayList;
import java.util.List;
import javelin.vmm.machine.PowerControl;

/** Remembers what was asked for: {@code "off"}, {@code "reset"} or {@code "exit 7"}. */
public final class RecordingPower implements PowerControl {
  private final List<String> requests = new ArrayList<>();

  @Override
  public void powerOff() {
    requests.add("off");
  }

  @Override
  public void reset(String cause) {
    requests.add("reset");
  }

  @Override
  public void exit(int code) {
    requests.add("exit " + code);
  }

  public List<String> requests() {
    return requests;
  }
}
