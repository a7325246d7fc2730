package javelin.passthrough.vfio;

import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;

/**
 * What the devices of one IOMMU group reach by DMA, without a VM: a container with that group
 * alone, for measuring what mappings cost. No device is opened. For one thread at a time.
 */
public final class DmaSpace implements DmaMapper, AutoCloseable {
  private final Resources owned = new Resources();
  private final VfioContainer container;

  /**
   * Opens the group of a PCI function that vfio-pci has.
   *
   * @param name the function's address, {@code "0000:03:00.0"}
   * @throws VfioException where it cannot be had; nothing is left open
   */
  public DmaSpace(Linux linux, HostFiles host, String name) {
    try {
      container = owned.own(VfioContainer.open(linux));
      VfioGroup group = owned.own(VfioGroup.open(linux, KernelVfio.group(host, name)));
      group.enter(container);
      container.setIommu();
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  @Override
  public void map(long iova, long length, long hostAddress) {
    container.map(iova, length, hostAddress);
  }

  @Override
  public void unmap(long iova, long length) {
    container.unmap(iova, length);
  }

  @Override
  public void close() {
    owned.close();
  }
}
