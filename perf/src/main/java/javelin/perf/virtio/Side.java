package javelin.perf.virtio;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import javelin.perf.bench.QemuPeer;
import javelin.perf.result.Outcome;
import javelin.vmm.linux.HostFiles;

/**
 * A monitor, and how it does a disk's input and output.
 *
 * @param name for reports
 * @param monitor its name without that
 * @param command what starts it for a guest, whose serial console is its standard output
 */
record Side(String name, String monitor, Command command) {
  static final String JAVELIN = "Javelin";
  static final String QEMU = "QEMU";
  static final String KVMTOOL = "kvmtool";

  /** What starts a monitor. */
  interface Command {
    List<String> of(Guest guest);
  }

  /**
   * Javelin, as a user starts it.
   *
   * @param launcher its launcher
   * @param aio {@code uring} or {@code threads}
   */
  static Side javelin(String launcher, String aio) {
    return new Side(
        JAVELIN + " " + shown(aio),
        JAVELIN,
        guest -> {
          List<String> words = new ArrayList<>(List.of(launcher, "run"));
          add(words, "--kernel", guest.kernel(), "--initrd", guest.initrd());
          add(words, "--append", Guest.APPEND, "--memory", guest.megabytes() + "M");
          add(words, "--cpus", guest.cpus());
          if (!guest.features().isEmpty()) {
            add(words, "--cpu=" + guest.features());
          }
          String cache = guest.isDirect() ? "none" : "writeback";
          add(words, "--disk", comma(guest.image()) + ",cache=" + cache + ",aio=" + aio);
          add(words, "--disk", comma(guest.report()));
          if (guest.tap() != null) {
            add(words, "--net", "tap=" + guest.tap());
          }
          return words;
        });
  }

  /**
   * QEMU on a q35, with a thread of its own for the disk.
   *
   * @param aio {@code uring} or {@code threads}
   */
  static Side qemu(String aio) {
    return new Side(
        QEMU + " " + shown(aio),
        QEMU,
        guest -> {
          List<String> words = new ArrayList<>(List.of(QemuPeer.PROGRAM));
          words.addAll(QemuPeer.onKvm(HostFiles.system(), guest.features()));
          add(words, "-M", "q35", "-m", guest.megabytes() + "M", "-smp", guest.cpus());
          add(words, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none");
          add(words, "-serial", "stdio", "-kernel", guest.kernel(), "-initrd", guest.initrd());
          add(words, "-append", Guest.APPEND, "-object", "iothread,id=disk");
          String driver = Files.isRegularFile(guest.image()) ? "file" : "host_device";
          String direct = guest.isDirect() ? "on" : "off";
          String how = aio.equals("uring") ? "io_uring" : aio;
          add(
              words,
              "-blockdev",
              "driver=raw,node-name=image,cache.direct=%s,file.driver=%s,file.filename=%s,file.aio=%s,file.cache.direct=%s"
                  .formatted(direct, driver, comma(guest.image()), how, direct));
          add(words, "-device", "virtio-blk-pci,drive=image,iothread=disk");
          add(
              words,
              "-blockdev",
              "driver=raw,node-name=report,file.driver=file,file.filename="
                  + comma(guest.report()));
          add(words, "-device", "virtio-blk-pci,drive=report");
          if (guest.tap() != null) {
            String tap = "tap,id=net,script=no,downscript=no,vhost=off,ifname=" + guest.tap();
            add(words, "-netdev", tap, "-device", "virtio-net-pci,netdev=net");
          }
          return words;
        });
  }

  /** kvmtool, which has one way only. */
  static Side kvmtool() {
    return new Side(
        KVMTOOL,
        KVMTOOL,
        guest -> {
          List<String> words = new ArrayList<>(List.of("lkvm", "run"));
          add(words, "--kernel", guest.kernel(), "--initrd", guest.initrd());
          add(words, "--params", Guest.APPEND, "--mem", guest.megabytes(), "--cpus", guest.cpus());
          add(words, "--console", "serial", "--virtio-transport", "pci");
          add(words, "--disk", guest.image() + (guest.isDirect() ? ",direct" : ""));
          add(words, "--disk", guest.report());
          add(
              words,
              "--network",
              guest.tap() == null ? "mode=none" : "mode=tap,script=none,tapif=" + guest.tap());
          return words;
        });
  }

  /**
   * Has Javelin compared with each peer: in the same way of doing disks, and where the peer has one
   * only, in each way.
   */
  static void compare(List<Side> sides, Outcome outcome) {
    for (Side javelin : sides) {
      for (Side peer : sides) {
        boolean isComparable = peer.way().isEmpty() || peer.way().equals(javelin.way());
        if (javelin.monitor.equals(JAVELIN) && !peer.monitor.equals(JAVELIN) && isComparable) {
          outcome.ratio(javelin.name, peer.name);
          outcome.ratio(JAVELIN, peer.monitor);
        }
      }
    }
  }

  private String way() {
    return name.substring(monitor.length()).strip();
  }

  private static String shown(String aio) {
    return aio.equals("uring") ? "io_uring" : aio;
  }

  private static void add(List<String> words, Object... more) {
    for (Object word : more) {
      words.add(word.toString());
    }
  }

  /** Both Javelin and QEMU read a comma in a name when it is there twice. */
  private static String comma(Object name) {
    return name.toString().replace(",", ",,");
  }
}
