package javelin.boot.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class QemuCommandTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  @TempDir private Path folder;

  @Test
  void shouldGiveAnIntelHostItsIommuBeforeEveryOtherDevice() {
    List<String> list = command(LabFixture.options(Iommu.INTEL, TIMEOUT, "edu"));
    assertThat(list).containsSequence("-M", "q35,kernel-irqchip=split");
    assertThat(list.stream().filter(word -> word.contains("addr=") || word.contains("-iommu")))
        .first()
        .asString()
        .startsWith("intel-iommu,intremap=on");
    assertThat(list.get(list.size() - 1)).contains("intel_iommu=on", "console=ttyS0");
  }

  @Test
  void shouldGiveAnAmdHostNoSplitIrqchip() {
    List<String> list = command(LabFixture.options(Iommu.AMD, TIMEOUT));
    assertThat(list).containsSequence("-M", "q35").contains("amd-iommu,intremap=on,dma-remap=on");
    assertThat(list.get(list.size() - 1)).doesNotContain("amd_iommu");
  }

  @Test
  void shouldNotAskAnOlderQemuForWhatItDoesNotKnow() {
    LabOptions options = LabFixture.options(Iommu.AMD, TIMEOUT);
    assertThat(command(options, new QemuRelease(10, 1))).contains("amd-iommu,intremap=on");
  }

  @Test
  void shouldStartWithTheProgramAndItsOwnArguments() {
    assertThat(command(LabFixture.options(Iommu.NONE, TIMEOUT)))
        .startsWith("/usr/bin/qemu", "-L", "/data", "-nodefaults");
  }

  @Test
  void shouldGiveNoIommuWhenNoneIsAskedFor() {
    assertThat(String.join(" ", command(LabFixture.options(Iommu.NONE, TIMEOUT))))
        .doesNotContain("iommu");
  }

  @Test
  void shouldPlaceDevicesInSlotsOfTheirOwn() {
    List<String> list =
        command(LabFixture.options(Iommu.INTEL, TIMEOUT, "edu", "e1000e", "nvme,addr=9"));
    assertThat(list)
        .contains(
            "edu,addr=0x6",
            "e1000e,addr=0x7,netdev=net1,romfile=",
            "nvme,addr=9,drive=drive2,serial=javelin2")
        .containsSequence("-netdev", "user,restrict=on,id=net1")
        .contains("if=none,format=raw,cache=unsafe,id=drive2,file=/lab,,1/drive2.img");
  }

  @Test
  void shouldGiveSlotsToDevicesOfTheRootBusOnly() {
    List<String> list =
        command(
            LabFixture.options(
                Iommu.INTEL, TIMEOUT, "pcie-root-port,id=p,chassis=1", "edu,bus=p", "edu"));
    assertThat(list)
        .contains("pcie-root-port,id=p,chassis=1,addr=0x6", "edu,bus=p", "edu,addr=0x7");
  }

  @Test
  void shouldConnectNetworkDevicesOfOneHub() {
    List<String> list =
        command(LabFixture.options(Iommu.INTEL, TIMEOUT, "e1000,hub=3", "e1000e,hub=3,mac=x"));
    assertThat(list)
        .containsSequence("-netdev", "hubport,hubid=3,id=net0")
        .containsSequence("-netdev", "hubport,hubid=3,id=net1")
        .contains(
            "e1000,addr=0x6,netdev=net0,romfile=", "e1000e,mac=x,addr=0x7,netdev=net1,romfile=");
  }

  @Test
  void shouldShareTheRootReadOnly() {
    assertThat(command(LabFixture.options(Iommu.INTEL, TIMEOUT)))
        .contains("local,security_model=none,multidevs=remap,id=hostroot,path=/,readonly=on")
        .contains("virtio-9p-pci,addr=2,fsdev=hostroot,mount_tag=hostroot")
        .noneMatch(word -> word.contains("mount_tag=out"));
  }

  @Test
  void shouldShareTheFolderOfOutForWriting() {
    LabOptions plain = LabFixture.options(Iommu.INTEL, TIMEOUT);
    LabOptions options =
        LabFixture.with(plain, plain.append(), Path.of("/results"), plain.command());
    assertThat(command(options))
        .contains("local,security_model=none,multidevs=remap,id=out,path=/results");
  }

  @Test
  void shouldTellTheHostsKernelMore() {
    LabOptions plain = LabFixture.options(Iommu.AMD, TIMEOUT);
    LabOptions options = LabFixture.with(plain, "nosmt mitigations=off", null, plain.command());
    assertThat(command(options))
        .contains(
            "console=ttyS0 panic=-1 loglevel=4 no_timer_check iommu=pt preempt=full nosmt mitigations=off");
    assertThat(command(plain))
        .contains("console=ttyS0 panic=-1 loglevel=4 no_timer_check iommu=pt preempt=full");
  }

  @Test
  void shouldUseTheTerminalForAShellOnly() {
    LabOptions plain = LabFixture.options(Iommu.INTEL, TIMEOUT);
    LabOptions shell = LabFixture.with(plain, plain.append(), null, List.of());
    assertThat(command(shell))
        .contains("stdio,signal=off,id=terminal", "virtserialport,chardev=control,name=control")
        .noneMatch(word -> word.contains("stdout"));
    assertThat(command(plain))
        .contains("virtserialport,chardev=stdout,name=stdout")
        .noneMatch(word -> word.contains("stdio"));
  }

  private List<String> command(LabOptions options) {
    return command(options, QemuRelease.RELIABLE);
  }

  private List<String> command(LabOptions options, QemuRelease release) {
    QemuProgram qemu = new QemuProgram(List.of("/usr/bin/qemu", "-L", "/data"), release);
    try {
      LabParts parts = LabFixture.parts(folder, qemu);
      return new QemuCommand(options, parts, Path.of("/i"), Path.of("/lab,1")).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
