package javelin.perf.exits;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import javelin.boot.guest.ElfWriter;
import javelin.boot.guest.bench.BenchPorts;
import javelin.boot.guest.bench.ExitsGuest;
import javelin.perf.bench.QemuPeer;
import javelin.perf.guest.SampleText;
import javelin.vmm.linux.HostFiles;

/**
 * The guest on QEMU: a microvm with the storage of pc-testdev and a debug exit port, both at the
 * guest's places. QEMU has doorbells, irqfds and MSIs for PCI and virtio devices only, which this
 * guest does not drive.
 */
final class QemuSide implements ExitsSide, AutoCloseable {
  static final String NAME = "QEMU";

  private static final String KERNEL = "guest.elf";

  private final Scratch scratch = new Scratch();
  private final List<String> accelerator;
  private final int tscKhz;

  /**
   * QEMU with KVM.
   *
   * @param tscKhz the frequency of the host's counter, which QEMU leaves to the guest; 0 where that
   *     is not known
   */
  QemuSide(int tscKhz) throws IOException {
    this(QemuPeer.onKvm(HostFiles.system(), ""), tscKhz);
  }

  QemuSide(List<String> accelerator, int tscKhz) throws IOException {
    this.accelerator = accelerator;
    this.tscKhz = tscKhz;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public SideRun run(ExitsGuest.Plan plan) throws IOException, InterruptedException {
    Files.write(scratch.file(KERNEL), ElfWriter.write(ExitsGuest.program(plan)));
    SampleText text = JavelinSide.text(plan);
    new HostProcess(QemuPeer.PROGRAM, scratch.path(), command(), JavelinSide.LIMIT)
        .run(text, JavelinSide.GOOD_END);
    return SideRun.ofGuestOnly(text, tscKhz);
  }

  private List<String> command() {
    String debugExit = "isa-debug-exit,iobase=0x%x,iosize=4".formatted(BenchPorts.DEBUG_EXIT);
    List<String> command = new ArrayList<>();
    command.addAll(List.of(QemuPeer.PROGRAM, "-M", "microvm,isa-serial=on,pit=on,pic=on"));
    command.addAll(accelerator);
    command.addAll(List.of("-smp", Integer.toString(ExitsGuest.CPUS), "-m", "128"));
    command.addAll(List.of("-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"));
    command.addAll(List.of("-serial", "stdio", "-kernel", KERNEL));
    command.addAll(List.of("-device", debugExit, "-device", "pc-testdev"));
    return command;
  }

  @Override
  public void close() throws IOException {
    scratch.close();
  }
}
