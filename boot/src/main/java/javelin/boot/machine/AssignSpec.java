package javelin.boot.machine;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javelin.devices.pci.PciAddress;
import javelin.passthrough.assigned.AssignOptions;
import javelin.passthrough.assigned.RomOption;
import javelin.passthrough.faults.Fault;

/**
 * A device that the guest gets: {@code 0000:03:00.0[,addr=05][,x-no-mmap]...}.
 *
 * @param device where it comes from
 * @param slot where it is in the guest; null for the next free device
 * @param options how it is assigned
 * @param isTaken whether it was taken from its host driver before, and is left so afterwards
 * @param faults what it does wrong on purpose
 */
public record AssignSpec(
    AssignSource device,
    PciAddress slot,
    AssignOptions options,
    boolean isTaken,
    List<Fault> faults) {
  private static final String HELP =
      "options are addr=SLOT, rom=on|off|FILE, no-reset=allow, x-no-mmap, x-no-irqfd,"
          + " x-no-resample, x-no-prefault, fault=NAME:N; of demo:nvme, disk=FILE";

  /** Copies the list. */
  public AssignSpec {
    faults = List.copyOf(faults);
  }

  /**
   * Reads a value of {@code --assign} or {@code --assign-taken}.
   *
   * @param option the option's name, for the error
   */
  public static AssignSpec parse(String option, String text, boolean isTaken) {
    Suboptions values = new Suboptions(option, text, true);
    try {
      AssignSource device = AssignSource.parse(values.value(), disk(values.take("disk")));
      if (isTaken && !(device instanceof AssignSource.Host)) {
        throw new IllegalArgumentException("only devices of the host can be taken; use --assign");
      }
      AssignSpec spec =
          new AssignSpec(
              device,
              slot(values.take("addr")),
              options(values),
              isTaken,
              faults(values.take("fault")));
      values.requireNoMore(HELP);
      return spec;
    } catch (IllegalArgumentException e) {
      throw new ConfigException(option, text, e.getMessage());
    }
  }

  private static Path disk(String text) {
    return text == null ? null : Path.of(text);
  }

  private static List<Fault> faults(String text) {
    return text == null
        ? List.of()
        : Arrays.stream(text.split("\\+", -1)).map(Fault::parse).toList();
  }

  /** Whether the host's kernel has the device: it is bound, checked, and guest RAM is pinned. */
  public boolean isOfHost() {
    return device instanceof AssignSource.Host;
  }

  private static PciAddress slot(String text) {
    if (text == null) {
      return null;
    }
    PciAddress slot = PciAddress.parse(text);
    if (slot.bus() != 0 || slot.deviceFunction() == 0) {
      throw new IllegalArgumentException("addr is on bus 0, from 01 to 1f");
    }
    return slot;
  }

  private static AssignOptions options(Suboptions values) {
    String noReset = values.take("no-reset");
    String rom = values.take("rom");
    if (noReset != null && !noReset.equals("allow")) {
      throw new IllegalArgumentException("no-reset takes the value allow only");
    }
    return new AssignOptions(
        !values.takeFlag("x-no-mmap"),
        !values.takeFlag("x-no-irqfd"),
        !values.takeFlag("x-no-resample"),
        !values.takeFlag("x-no-prefault"),
        noReset != null,
        rom == null ? RomOption.OFF : RomOption.parse(rom));
  }
}
