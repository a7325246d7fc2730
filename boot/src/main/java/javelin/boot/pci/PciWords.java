package javelin.boot.pci;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javelin.boot.machine.Units;
import javelin.passthrough.host.HostBar;
import javelin.passthrough.host.HostBar.Kind;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.PciCapabilities;
import javelin.passthrough.host.PciNames;
import javelin.passthrough.host.SriovRole;

/** The facts of PCI devices in words. */
final class PciWords {
  private PciWords() {}

  /** Vendor and device, as far as pci.ids knows them. */
  static Optional<String> name(PciNames names, HostDevice device) {
    String words =
        Stream.of(names.vendor(device.ids()), names.device(device.ids()))
            .flatMap(Optional::stream)
            .collect(Collectors.joining(" "));
    return words.isEmpty() ? Optional.empty() : Optional.of(words);
  }

  /**
   * {@code "BARs 128K, io 32, 16K; ROM 256K; MSI 1, MSI-X 5; reset flr, bus"}.
   *
   * @param resets as {@link PciReport#resets}
   */
  static String summary(HostDevice device, String resets) {
    List<HostBar> bars = device.bars();
    String sizes =
        bars.stream()
            .filter(bar -> bar.kind() != Kind.ROM)
            .map(PciWords::shortBar)
            .collect(Collectors.joining(", "));
    Stream<String> rom =
        bars.stream().filter(bar -> bar.kind() == Kind.ROM).map(PciWords::shortBar);
    return Stream.of(
            sizes.isEmpty() ? Stream.<String>of() : Stream.of("BARs " + sizes),
            rom,
            Stream.of(interrupts(device.capabilities())),
            Stream.of("reset " + resets),
            sriov(device.sriov()).stream())
        .flatMap(words -> words)
        .collect(Collectors.joining("; "));
  }

  private static String shortBar(HostBar bar) {
    String kind =
        switch (bar.kind()) {
          case IO -> "io ";
          case ROM -> "ROM ";
          default -> "";
        };
    return kind + Units.formatSize(bar.size());
  }

  /** {@code "MSI 1, MSI-X 5"}. */
  private static String interrupts(Optional<PciCapabilities> capabilities) {
    if (capabilities.isEmpty()) {
      return "MSI unknown, for root only";
    }
    int msi = capabilities.get().msiVectors();
    int msix = capabilities.get().msixVectors();
    String words = (msi > 0 ? "MSI " + msi : "") + (msi > 0 && msix > 0 ? ", " : "");
    words += msix > 0 ? "MSI-X " + msix : "";
    return words.isEmpty() ? "no MSI" : words;
  }

  /** {@code "64-bit memory, prefetchable"}. */
  static String barKind(HostBar bar) {
    String kind =
        switch (bar.kind()) {
          case IO -> "I/O ports";
          case MEM32 -> "32-bit memory";
          case MEM64 -> "64-bit memory";
          case ROM -> "expansion ROM";
        };
    boolean prefetchable = bar.prefetchable() && bar.kind() != Kind.ROM;
    return Units.formatSize(bar.size()) + ", " + kind + (prefetchable ? ", prefetchable" : "");
  }

  /** What a device is to SR-IOV; empty where it has no part in it. */
  static Optional<String> sriov(SriovRole role) {
    if (role.physicalFunction().isPresent()) {
      return Optional.of("virtual function of " + role.physicalFunction().get());
    }
    return role.totalVfs() == 0
        ? Optional.empty()
        : Optional.of(
            "physical function with "
                + role.virtualFunctions().size()
                + " of "
                + role.totalVfs()
                + " virtual functions on");
  }

  /** {@code text} cut to {@code width} columns. */
  static String cut(String text, int width) {
    return text.length() <= width ? text : text.substring(0, width - 1) + "…";
  }

  /** A class code as {@code 02.00.00}. */
  static String classCode(int code) {
    return String.format(
        Locale.ROOT, "%02x.%02x.%02x", code >> 16, (code >> 8) & 0xFF, code & 0xFF);
  }
}
