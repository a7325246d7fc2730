package javelin.passthrough.host.use;

import java.util.ArrayList;
import java.util.List;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.use.DeviceUse.Kind;
import javelin.vmm.linux.HostFiles;

/**
 * Programs that have one of a device's character nodes open: a display server its /dev/dri, a sound
 * server its /dev/snd, a virtual machine its /dev/vfio. Input devices are left to {@link
 * InputUses}: something always listens to them.
 */
final class ProgramUses implements UseCheck {
  private static final String FOLDER = "/sys/dev/char";
  private static final String INPUT = "/dev/input/";

  private final HostFiles files;
  private final ClassDevices characters;
  private OpenNodes open;

  ProgramUses(HostFiles files) {
    this.files = files;
    characters = new ClassDevices(files, FOLDER);
  }

  @Override
  public List<DeviceUse> uses(HostDevice device) {
    List<DeviceUse> uses = new ArrayList<>();
    for (String node : nodes(device)) {
      List<Long> holders = open().holders(node);
      if (!holders.isEmpty()) {
        String words =
            program(holders.get(0)) + " has " + node + " open" + others(holders.size() - 1);
        uses.add(new DeviceUse(Kind.PROGRAM, node, words));
      }
    }
    return uses;
  }

  /** The names of character devices are their numbers; uevent tells where the node is. */
  private List<String> nodes(HostDevice device) {
    List<String> nodes = new ArrayList<>();
    for (String number : characters.below(device)) {
      files.lines(FOLDER + "/" + number + "/uevent").stream()
          .filter(line -> line.startsWith("DEVNAME="))
          .map(line -> "/dev/" + line.substring("DEVNAME=".length()))
          .filter(node -> !node.startsWith(INPUT))
          .forEach(nodes::add);
    }
    if (device.isTaken()) {
      device.group().ifPresent(group -> nodes.add("/dev/vfio/" + group.number()));
    }
    return nodes;
  }

  private static String others(int count) {
    return switch (count) {
      case 0 -> "";
      case 1 -> ", as has one other";
      default -> ", as have " + count + " others";
    };
  }

  private String program(long process) {
    String name = files.text("/proc/" + process + "/comm").orElse("a program");
    return name + " (process " + process + ")";
  }

  private OpenNodes open() {
    if (open == null) {
      open = new OpenNodes(files);
    }
    return open;
  }
}
