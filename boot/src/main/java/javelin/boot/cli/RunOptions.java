package javelin.boot.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javelin.boot.kernel.BootProtocol;
import javelin.boot.machine.AssignSource;
import javelin.boot.machine.AssignSpec;
import javelin.boot.machine.BalloonSpec;
import javelin.boot.machine.ConfigException;
import javelin.boot.machine.ConsoleSpec;
import javelin.boot.machine.DiskSpec;
import javelin.boot.machine.FsSpec;
import javelin.boot.machine.GuestImage;
import javelin.boot.machine.MachineConfig;
import javelin.boot.machine.NetSpec;
import javelin.boot.machine.PortSpec;
import javelin.boot.machine.ResetPolicy;
import javelin.boot.machine.RngSpec;
import javelin.boot.machine.SerialSpec;
import javelin.boot.machine.TraceKind;
import javelin.boot.machine.Units;
import javelin.boot.machine.VirtioSpecs;
import javelin.boot.machine.VsockSpec;
import javelin.vmm.kvm.FeatureSwitch;
import javelin.vmm.memory.PageSize;
import javelin.vmm.memory.RamConfig;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The options of {@code javelin run}, and the machine that they describe. */
final class RunOptions {
  private RunOptions() {}

  /**
   * Adds the options to the command.
   *
   * @param inGroups under headings, as the help shows them. To match an option of a group, picocli
   *     writes the whole group's synopsis, which would cost a launch 15 ms.
   */
  static void addTo(CommandSpec spec, boolean inGroups) {
    List<Group> groups = List.of(guest(), machine(), assignment(), virtio(), run());
    for (int i = 0; i < groups.size(); i++) {
      if (inGroups) {
        spec.addArgGroup(groups.get(i).spec(i + 1));
      } else {
        groups.get(i).options().forEach(spec::addOption);
      }
    }
  }

  /** Options under one heading of the help. */
  private record Group(String heading, List<OptionSpec> options) {
    Group(String heading, OptionSpec... options) {
      this("%n" + heading + ":%n", List.of(options));
    }

    ArgGroupSpec spec(int order) {
      ArgGroupSpec.Builder group =
          ArgGroupSpec.builder()
              .validate(false)
              .exclusive(false)
              .multiplicity("0..1")
              .order(order)
              .heading(heading);
      options.forEach(group::addArg);
      return group.build();
    }
  }

  private static Group guest() {
    return new Group(
        "Guest (without --kernel, a built-in one)",
        OptionSpec.builder("--guest")
            .type(String.class)
            .paramLabel("NAME")
            .completionCandidates(names(GuestImage.BuiltIn.class))
            .description(
                "The built-in guest: self-test, which checks the machine (the default),"
                    + " assign-check, which checks the functions of the PCI bus (the default"
                    + " with --assign demo), or"
                    + " virtio-check, which drives virtio devices and overwrites the end of"
                    + " their disks.")
            .build(),
        path("--kernel", "FILE", "A Linux bzImage, an ELF kernel or a Multiboot image."),
        path("--initrd", "FILE", "The initial RAM disk of the kernel."),
        text("--append", "TEXT", "The command line of the kernel."),
        choice(
            "--boot",
            BootProtocol.class,
            "How the kernel is started: auto (as its file says, the default), linux, pvh or"
                + " multiboot."),
        flag(
            "--unpack",
            "Unpack a bzImage on the host, once, and start what is in it: the guest comes up"
                + " sooner, and without address space randomisation (KASLR)."));
  }

  private static Group machine() {
    return new Group(
        "Machine",
        text("--memory", "SIZE", "RAM, such as 512M or 2G. Default: 512M."),
        text("--cpus", "N", "Number of CPUs, 1 to 64. Default: 2."),
        text(
            "--cpu",
            "SWITCHES",
            "CPU features to hide (-) or show (+) against what KVM offers: -cx16,-xsave."),
        OptionSpec.builder("--hugepages")
            .type(String.class)
            .paramLabel("2M|1G")
            .completionCandidates(List.of("2M", "1G"))
            .description("Back RAM with reserved huge pages of this size.")
            .build(),
        flag("--lock-memory", "Keep RAM in memory: nothing of it is swapped out."),
        flag("--prefault", "Make all RAM present before the guest starts."),
        OptionSpec.builder("--serial")
            .type(String.class)
            .paramLabel("WHERE")
            .completionCandidates(List.of("stdio", "file:", "pty", "socket:", "null"))
            .description(
                "Where the serial console goes: stdio, file:PATH, pty, socket:PATH (listens"
                    + " there) or null. Default: stdio.")
            .build(),
        path("--kvm", "PATH", "The KVM device. Default: /dev/kvm."));
  }

  private static Group assignment() {
    return new Group(
        "Devices of the host, and of servers",
        OptionSpec.builder("--assign")
            .type(String[].class)
            .paramLabel("DEVICE[,OPTION]...")
            .hideParamSyntax(true)
            .description(
                "Take the PCI device 0000:03:00.0 from the host for this run; user:PATH is the"
                    + " device of a vfio-user server at a socket, demo one that Javelin serves"
                    + " itself. Options: addr=SLOT, rom=on|off|FILE, no-reset=allow, x-no-mmap,"
                    + " x-no-irqfd, x-no-resample, x-no-prefault, fault=NAME:N; of demo:nvme,"
                    + " disk=FILE.")
            .build(),
        OptionSpec.builder("--assign-taken")
            .type(String[].class)
            .paramLabel("BDF[,OPTION]...")
            .hideParamSyntax(true)
            .description("The same for a device that `javelin pci take` has taken before.")
            .build(),
        flag("--force", "Take a device also where the host uses it."));
  }

  private static Group virtio() {
    return new Group(
        "Virtio devices",
        OptionSpec.builder("--disk")
            .type(String[].class)
            .paramLabel("PATH[,OPTION]...")
            .hideParamSyntax(true)
            .description(
                "A disk on a raw image file or a block device, or on an NBD server:"
                    + " nbd:unix:PATH or nbd://HOST:PORT/EXPORT. Options: readonly=on,"
                    + " serial=TEXT, queues=N, poll=TIME, packed=off, of files cache=none|writeback and"
                    + " aio=uring|threads|sync, of NBD servers export=NAME. Examples:"
                    + " --disk disk.img,cache=none,poll=50us and"
                    + " --disk nbd:unix:/run/disk.sock")
            .build(),
        OptionSpec.builder("--net")
            .type(String[].class)
            .paramLabel("HOW[,OPTION]...")
            .hideParamSyntax(true)
            .description(
                "A network device: tap=NAME, fd=N (of a tap), passt, or socket=PATH (of"
                    + " passt). Options: queues=N (of tap=NAME), vhost=on (of taps: the host's kernel"
                    + " serves the queues), mac=ADDRESS, poll=TIME, packed=off. Example:"
                    + " --net tap=tap0,queues=2,vhost=on")
            .build(),
        OptionSpec.builder("--rng")
            .type(String.class)
            .arity("0..1")
            .fallbackValue("")
            .paramLabel("rate=SIZE")
            .description("The host's random bytes, this many a second at most.")
            .build(),
        OptionSpec.builder("--console")
            .type(String.class)
            .paramLabel("WHERE")
            .completionCandidates(List.of("stdio", "file:", "pty", "socket:", "null"))
            .description(
                "A virtio console (hvc0 in Linux), on one of the places of --serial. On stdio:"
                    + " --console stdio --serial null.")
            .build(),
        OptionSpec.builder("--console-port")
            .type(String[].class)
            .paramLabel("name=NAME,to=WHERE")
            .hideParamSyntax(true)
            .description(
                "A virtio port that the guest finds by its name, such as"
                    + " name=agent,to=socket:agent.sock.")
            .build(),
        OptionSpec.builder("--balloon")
            .type(String.class)
            .arity("0..1")
            .fallbackValue("")
            .paramLabel("size=SIZE")
            .description(
                "A memory balloon: the guest gives free pages back to the host, and this much"
                    + " at its start, such as size=256M. Not with --assign or --lock-memory.")
            .build(),
        text(
            "--vsock",
            "cid=N,path=PATH",
            "Sockets between guest and host. A program of the host's connects to PATH, writes"
                + " CONNECT PORT, and is connected to that port of the guest's; one of the"
                + " guest's that connects to PORT of CID 2 gets the one that listens at"
                + " PATH_PORT. Example: --vsock cid=3,path=vm.sock"),
        OptionSpec.builder("--fs")
            .type(String[].class)
            .paramLabel("tag=TAG,dir=PATH")
            .hideParamSyntax(true)
            .description(
                "A folder of the host's, by virtiofsd, which the guest mounts by its tag:"
                    + " --fs tag=src,dir=/usr/src. With socket=PATH for dir=PATH, the"
                    + " virtiofsd that listens there.")
            .build());
  }

  private static Group run() {
    return new Group(
        "Run",
        text("--timeout", "TIME", "End the run after this time: 500ms, 30s, 5m, 2h."),
        choice(
            "--on-reset",
            ResetPolicy.class,
            "What a reset by the guest does: reset (start it again, the default) or stop."),
        choice(
            "--on-triple-fault",
            ResetPolicy.class,
            "What a triple fault does: reset, or stop (the default) with a report."),
        path(
            "--control",
            "PATH",
            "A Unix socket that takes commands while the guest runs: balloon SIZE, stats,"
                + " power, stop. `javelin control PATH balloon 256M` sends one."),
        flag("--stats", "Show exits by kind with their times at the end."),
        OptionSpec.builder("--trace")
            .type(String[].class)
            .splitRegex(",")
            .paramLabel("KIND,...")
            .hideParamSyntax(true)
            .completionCandidates(names(TraceKind.class))
            .description(
                "Write what happens to standard error: exits, mmio, pio, irq; of assigned"
                    + " devices vfio (calls and decisions) and bar (trapped accesses); launch,"
                    + " the phases from the process's start to the guest's first instruction.")
            .build());
  }

  /** Not by picocli's own converter, which is found by reflection. */
  private static OptionSpec path(String name, String label, String description) {
    return OptionSpec.builder(name)
        .type(Path.class)
        .converters(text -> Path.of(text))
        .paramLabel(label)
        .description(description)
        .build();
  }

  private static OptionSpec text(String name, String label, String description) {
    return OptionSpec.builder(name)
        .type(String.class)
        .paramLabel(label)
        .description(description)
        .build();
  }

  private static OptionSpec flag(String name, String description) {
    return OptionSpec.builder(name).type(boolean.class).description(description).build();
  }

  private static <E extends Enum<E>> OptionSpec choice(
      String name, Class<E> type, String description) {
    return OptionSpec.builder(name)
        .type(String.class)
        .paramLabel("HOW")
        .completionCandidates(names(type))
        .description(description)
        .build();
  }

  /**
   * The machine that the arguments describe.
   *
   * @throws ConfigException naming the option that is wrong
   */
  static MachineConfig config(ParseResult arguments) {
    MachineConfig.Builder config = MachineConfig.builder();
    config.guest(guest(arguments)).ram(ram(arguments));
    String cpus = text(arguments, "--cpus");
    if (cpus != null) {
      config.cpus(number("--cpus", cpus));
    }
    String features = text(arguments, "--cpu");
    if (features != null) {
      config.cpuFeatures(cpuFeatures(features));
    }
    String serial = text(arguments, "--serial");
    if (serial != null) {
      config.serial(SerialSpec.parse(serial));
    }
    Path kvm = path(arguments, "--kvm");
    if (kvm != null) {
      config.kvmDevice(kvm);
    }
    String timeout = text(arguments, "--timeout");
    if (timeout != null) {
      config.timeout(parse("--timeout", timeout, Units::parseTime));
    }
    return config
        .onReset(one(arguments, "--on-reset", ResetPolicy.class, ResetPolicy.RESET))
        .onTripleFault(one(arguments, "--on-triple-fault", ResetPolicy.class, ResetPolicy.STOP))
        .timeExits(arguments.hasMatchedOption("--stats"))
        .trace(trace(arguments))
        .assigned(assigned(arguments))
        .virtio(virtio(arguments))
        .control(path(arguments, "--control"))
        .build();
  }

  private static List<FeatureSwitch> cpuFeatures(String text) {
    try {
      return FeatureSwitch.parse(text);
    } catch (IllegalArgumentException e) {
      throw new ConfigException("--cpu", text, e.getMessage());
    }
  }

  private static GuestImage guest(ParseResult arguments) {
    Path kernel = path(arguments, "--kernel");
    if (kernel == null) {
      for (String option : List.of("--initrd", "--append", "--boot", "--unpack")) {
        if (arguments.hasMatchedOption(option)) {
          Object value = arguments.matchedOptionValue(option, "");
          throw new ConfigException(
              option, value, "it is for a kernel: give --kernel FILE as well");
        }
      }
      // A device that Javelin serves is there to be checked.
      boolean isDemo =
          assigned(arguments).stream().anyMatch(spec -> spec.device() instanceof AssignSource.Demo);
      return one(
          arguments,
          "--guest",
          GuestImage.BuiltIn.class,
          isDemo ? GuestImage.BuiltIn.ASSIGN_CHECK : GuestImage.BuiltIn.SELF_TEST);
    }
    if (arguments.hasMatchedOption("--guest")) {
      throw new ConfigException(
          "--guest", text(arguments, "--guest"), "it is built in; leave --kernel away");
    }
    String append = text(arguments, "--append");
    return new GuestImage.KernelFile(
        kernel,
        path(arguments, "--initrd"),
        append == null ? "" : append,
        one(arguments, "--boot", BootProtocol.class, BootProtocol.AUTO),
        arguments.hasMatchedOption("--unpack"));
  }

  private static RamConfig ram(ParseResult arguments) {
    String size = text(arguments, "--memory");
    String huge = text(arguments, "--hugepages");
    PageSize pages =
        switch (huge == null ? "" : huge.toUpperCase(Locale.ROOT)) {
          case "" -> PageSize.TRANSPARENT;
          case "2M" -> PageSize.HUGE_2M;
          case "1G" -> PageSize.HUGE_1G;
          default -> throw new ConfigException("--hugepages", huge, "it is 2M or 1G");
        };
    return new RamConfig(
        size == null ? MachineConfig.DEFAULT_RAM : parse("--memory", size, Units::parseSize),
        pages,
        arguments.hasMatchedOption("--lock-memory"),
        arguments.hasMatchedOption("--prefault"));
  }

  private static List<AssignSpec> assigned(ParseResult arguments) {
    List<AssignSpec> specs = new ArrayList<>();
    for (String option : List.of("--assign", "--assign-taken")) {
      for (String text : arguments.matchedOptionValue(option, new String[0])) {
        specs.add(AssignSpec.parse(option, text, option.equals("--assign-taken")));
      }
    }
    return specs;
  }

  private static VirtioSpecs virtio(ParseResult arguments) {
    String[] disks = arguments.matchedOptionValue("--disk", new String[0]);
    String rng = text(arguments, "--rng");
    String balloon = text(arguments, "--balloon");
    String vsock = text(arguments, "--vsock");
    return new VirtioSpecs(
        Arrays.stream(disks).map(DiskSpec::parse).toList(),
        rng == null ? null : RngSpec.parse(rng),
        Arrays.stream(arguments.matchedOptionValue("--net", new String[0]))
            .map(NetSpec::parse)
            .toList(),
        consoles(arguments),
        balloon == null ? null : BalloonSpec.parse(balloon),
        vsock == null ? null : VsockSpec.parse(vsock),
        Arrays.stream(arguments.matchedOptionValue("--fs", new String[0]))
            .map(FsSpec::parse)
            .toList());
  }

  private static ConsoleSpec consoles(ParseResult arguments) {
    String console = text(arguments, "--console");
    String[] ports = arguments.matchedOptionValue("--console-port", new String[0]);
    return new ConsoleSpec(
        console == null ? null : ConsoleSpec.parse(console),
        Arrays.stream(ports).map(PortSpec::parse).toList());
  }

  private static Set<TraceKind> trace(ParseResult arguments) {
    Set<TraceKind> kinds = EnumSet.noneOf(TraceKind.class);
    String[] names = arguments.matchedOptionValue("--trace", new String[0]);
    for (String name : names) {
      kinds.add(constant("--trace", name, TraceKind.class));
    }
    return kinds;
  }

  private static String text(ParseResult arguments, String option) {
    return arguments.matchedOptionValue(option, null);
  }

  private static Path path(ParseResult arguments, String option) {
    return arguments.matchedOptionValue(option, null);
  }

  private static int number(String option, String text) {
    try {
      return Integer.parseInt(text.strip());
    } catch (NumberFormatException e) {
      throw new ConfigException(option, text, "write a number");
    }
  }

  private interface Parser<T> {
    T parse(String text);
  }

  private static <T> T parse(String option, String text, Parser<T> parser) {
    try {
      return parser.parse(text);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(option, text, e.getMessage());
    }
  }

  private static <E extends Enum<E>> E one(
      ParseResult arguments, String option, Class<E> type, E otherwise) {
    String name = text(arguments, option);
    return name == null ? otherwise : constant(option, name, type);
  }

  private static <E extends Enum<E>> E constant(String option, String name, Class<E> type) {
    for (E constant : type.getEnumConstants()) {
      if (optionName(constant).equalsIgnoreCase(name)) {
        return constant;
      }
    }
    throw new ConfigException(option, name, "it is one of " + String.join(", ", names(type)));
  }

  private static <E extends Enum<E>> List<String> names(Class<E> type) {
    return Arrays.stream(type.getEnumConstants()).map(RunOptions::optionName).toList();
  }

  private static String optionName(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
