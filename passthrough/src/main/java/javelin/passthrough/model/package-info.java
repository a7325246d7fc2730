/** PCI devices in this process, behind the interface of VFIO: they need neither host nor IOMMU. */
package javelin.passthrough.model;
