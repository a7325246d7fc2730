/**
 * vfio-user: a PCI device that lives in another process, behind a socket (QEMU,
 * docs/interop/vfio-user.rst).
 */
package javelin.passthrough.vfiouser;
