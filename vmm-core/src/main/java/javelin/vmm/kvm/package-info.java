/** One small class for each KVM file descriptor, and flyweights over the kernel's structs. */
package javelin.vmm.kvm;
