package javelin.boot.lab;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The QEMU command line of a lab: a q35 host in software emulation, which needs no KVM.
 *
 * <p>Every device gets an address of its own, because an AMD IOMMU takes a slot by itself.
 *
 * @param options what the lab is made of
 * @param parts what it is put together from
 * @param initramfs the initramfs
 * @param files the folder of the lab's sockets and of its console log
 */
record QemuCommand(LabOptions options, LabParts parts, Path initramfs, Path files) {
  /**
   * Without five-level paging: with it on, the lab's own kernel was seen to fault on its GS base;
   * with it off, it was not.
   */
  private static final String CPU = "max,la57=off";

  /** Mount tag of the 9p share that is the machine's own root. */
  static final String ROOT_TAG = "hostroot";

  /** Mount tag of the 9p share that the command may write to. */
  static final String OUT_TAG = "out";

  /** How many devices of the user's choice there is room for on the root bus. */
  static final int DEVICE_SLOTS = 24;

  private static final int FIRST_DEVICE_SLOT = 6;

  /** The lab's console, written by QEMU. */
  static Path consoleLog(Path files) {
    return files.resolve("console.log");
  }

  /** The socket behind a port, listened at by Javelin. */
  static Path socket(Path files, LabPort port) {
    return files.resolve(port.tag() + ".socket");
  }

  /** The image of the drive behind device {@code index}, where it needs one. */
  static Path drive(Path files, int index) {
    return files.resolve("drive" + index + ".img");
  }

  /** The program and its arguments. */
  List<String> toList() {
    List<String> list = new ArrayList<>(parts.qemu().command());
    add(list, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot");
    add(list, "-accel", "tcg,thread=multi", "-cpu", CPU, "-M", options.iommu().machine());
    add(list, "-smp", Integer.toString(options.cpus()));
    add(list, "-m", (options.memory() >> 20) + "M");
    list.addAll(options.iommu().arguments(parts.qemu().release()));
    add(list, "-serial", "file:" + escape(consoleLog(files)));
    share(list, ROOT_TAG, Path.of("/"), ",readonly=on", 2);
    if (options.out() != null) {
      share(list, OUT_TAG, options.out(), "", 3);
    }
    add(list, "-device", "virtio-serial-pci,addr=0x4");
    for (LabPort port : LabPort.values()) {
      if (port.isUsed(options.isShell())) {
        port(list, port);
      }
    }
    int slot = FIRST_DEVICE_SLOT;
    for (int i = 0; i < options.devices().size(); i++) {
      LabDevice device = options.devices().get(i);
      list.addAll(device.arguments(i, slot, drive(files, i)));
      if (device.needsSlot()) {
        slot++;
      }
    }
    add(list, "-kernel", parts.kernel().image().toString(), "-initrd", initramfs.toString());
    add(list, "-append", kernelArguments());
    return list;
  }

  private String kernelArguments() {
    return Stream.of(
            "console=ttyS0 panic=-1 loglevel=4 no_timer_check",
            options.iommu().kernelArguments(),
            options.append())
        .filter(words -> !words.isEmpty())
        .collect(Collectors.joining(" "));
  }

  private void port(List<String> list, LabPort port) {
    if (port == LabPort.TERMINAL) {
      add(list, "-chardev", "stdio,signal=off,id=" + port.tag());
      add(list, "-device", "virtconsole,chardev=" + port.tag());
    } else {
      String path = escape(socket(files, port));
      add(list, "-chardev", "socket,path=" + path + ",id=" + port.tag());
      add(list, "-device", "virtserialport,chardev=" + port.tag() + ",name=" + port.tag());
    }
  }

  private static void share(List<String> list, String tag, Path path, String access, int slot) {
    add(
        list,
        "-fsdev",
        "local,security_model=none,multidevs=remap,id=" + tag + ",path=" + escape(path) + access);
    add(list, "-device", "virtio-9p-pci,addr=" + slot + ",fsdev=" + tag + ",mount_tag=" + tag);
  }

  /** A path as part of a QEMU option, in which a comma is written twice. */
  private static String escape(Path path) {
    return path.toString().replace(",", ",,");
  }

  private static void add(List<String> list, String... arguments) {
    list.addAll(List.of(arguments));
  }
}
