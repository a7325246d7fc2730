package javelin.boot.lab;

import java.util.List;
import java.util.Locale;

/** The IOMMU of a lab, as QEMU emulates it. */
public enum Iommu {
  /** VT-d with interrupt remapping. */
  INTEL(
      "q35,kernel-irqchip=split",
      "intel-iommu,intremap=on,caching-mode=on,aw-bits=48",
      "intel_iommu=on iommu=pt"),
  /** AMD-Vi with interrupt remapping; preemption keeps the host alive after an event (host.sh). */
  AMD("q35", "amd-iommu,intremap=on", "iommu=pt preempt=full") {
    @Override
    List<String> arguments(QemuRelease release) {
      List<String> arguments = super.arguments(release);
      return release.isAtLeast(QemuRelease.CHOOSES_DMA_REMAPPING)
          ? List.of(arguments.get(0), arguments.get(1) + ",dma-remap=on")
          : arguments;
    }
  },
  /** A host without one. */
  NONE("q35", "", "");

  private final String machine;
  private final String device;
  private final String kernelArguments;

  Iommu(String machine, String device, String kernelArguments) {
    this.machine = machine;
    this.device = device;
    this.kernelArguments = kernelArguments;
  }

  /** QEMU's {@code -M}. */
  String machine() {
    return machine;
  }

  /** QEMU's arguments; they come before those of every other device. */
  List<String> arguments(QemuRelease release) {
    return device.isEmpty() ? List.of() : List.of("-device", device);
  }

  /** What the lab's kernel is told. */
  String kernelArguments() {
    return kernelArguments;
  }

  /** The IOMMU that an option names. */
  public static Iommu parse(String name) {
    try {
      return valueOf(name.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new LabException("--iommu " + name + ": choose one of intel, amd, none", e);
    }
  }
}
