package javelin.passthrough.vfio;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import javelin.vmm.kvm.KvmVfio;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;

/**
 * The kernel's VFIO for one VM: a container with the groups of its devices, guest RAM mapped into
 * it, and the devices.
 *
 * <p>The order is the kernel's: a group enters the container, the first one brings the IOMMU, RAM
 * is mapped, KVM hears of the group, and only then a device is opened. Closing goes the same way
 * back, also after a failure half-way.
 */
public final class KernelVfio implements VfioBackend {
  private static final double NANOS_PER_SECOND = 1e9;
  private static final double BYTES_PER_GIB = 1 << 30;

  private final Resources owned = new Resources();
  private final DmaMemory dma;
  private final List<VfioDevice> devices = new ArrayList<>();

  /**
   * Opens the devices for a VM.
   *
   * @param groups names of devices to their groups' numbers, in the order in which they are opened;
   *     at least one
   * @param drivers tells which driver a PCI function of the host is bound to
   */
  public KernelVfio(
      Linux linux,
      KvmVm vm,
      GuestMemory memory,
      Map<String, Integer> groups,
      Function<String, Optional<String>> drivers) {
    try {
      VfioContainer container = owned.own(VfioContainer.open(linux));
      dma = new DmaMemory(container);
      Map<Integer, VfioGroup> open = enter(linux, container, groups);
      container.setIommu();
      requireRoom(container, memory);
      memory.addListener(dma);
      owned.own((AutoCloseable) () -> memory.removeListener(dma));
      KvmVfio kvm = owned.own(vm.createVfio());
      for (VfioGroup group : open.values()) {
        kvm.add(group.fd());
        owned.own((AutoCloseable) () -> kvm.remove(group.fd()));
      }
      BusReset busReset = new BusReset(open, drivers);
      for (Map.Entry<String, Integer> device : groups.entrySet()) {
        String name = device.getKey();
        VfioGroup group = open.get(device.getValue());
        devices.add(owned.own(new KernelVfioDevice(name, group.openDevice(name), busReset)));
      }
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  private Map<Integer, VfioGroup> enter(
      Linux linux, VfioContainer container, Map<String, Integer> groups) {
    Map<Integer, VfioGroup> open = new LinkedHashMap<>();
    for (int number : groups.values()) {
      if (!open.containsKey(number)) {
        VfioGroup group = owned.own(VfioGroup.open(linux, number));
        group.enter(container);
        open.put(number, group);
      }
    }
    return open;
  }

  private static void requireRoom(VfioContainer container, GuestMemory memory) {
    if (container.iommu().mappings() < memory.regions().size()) {
      throw new VfioException(
          String.format(
              "Guest RAM needs %d mappings of the IOMMU and there is room for %d: raise"
                  + " vfio_iommu_type1's parameter dma_entry_limit",
              memory.regions().size(), container.iommu().mappings()));
    }
  }

  /** Opens devices of this host, which VFIO's driver must have, by their addresses. */
  public static VfioBackend.Opener opener(Linux linux, HostFiles host) {
    return (vm, memory, names) -> {
      Map<String, Integer> groups = new LinkedHashMap<>();
      for (String name : names) {
        groups.put(name, group(host, name));
      }
      return new KernelVfio(
          linux, vm, memory, groups, name -> host.linkName(folder(name) + "/driver"));
    };
  }

  private static String folder(String name) {
    return "/sys/bus/pci/devices/" + name;
  }

  /**
   * The number of a PCI function's IOMMU group.
   *
   * @throws VfioException where it has none
   */
  static int group(HostFiles host, String name) {
    String folder = folder(name);
    if (!host.exists(folder)) {
      throw new VfioException(
          "There is no PCI device " + name + " on this host: `javelin pci list` shows those there");
    }
    return host.linkName(folder + "/iommu_group")
        .map(Integer::parseInt)
        .orElseThrow(
            () ->
                new VfioException(
                    name
                        + " is in no IOMMU group: this host has no IOMMU, or has it off; `javelin"
                        + " doctor` says which"));
  }

  @Override
  public List<VfioDevice> devices() {
    return List.copyOf(devices);
  }

  /** Guest RAM that is pinned, and what the kernel accounts to this process for it. */
  @Override
  public List<String> report() {
    double seconds = dma.mappingNanos() / NANOS_PER_SECOND;
    return List.of(
        String.format(
            Locale.ROOT,
            "pinned %d MiB of guest RAM in %.3f s, %.3f s/GiB; VmLck %s",
            dma.mappedBytes() >> 20,
            seconds,
            seconds * BYTES_PER_GIB / Math.max(1, dma.mappedBytes()),
            HostFiles.system().field("/proc/self/status", "VmLck").orElse("unknown")));
  }

  @Override
  public void close() {
    owned.close();
  }
}
