/** Devices behind VFIO: one interface, its back ends, and DMA mappings (uapi linux/vfio.h). */
package javelin.passthrough.vfio;
