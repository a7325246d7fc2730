/** The kernel's side of VFIO and KVM behind the faked native seam. */
package javelin.passthrough.fake;
