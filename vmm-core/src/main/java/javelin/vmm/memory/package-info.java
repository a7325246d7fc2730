/** Guest RAM at guest-physical addresses: bounds-checked access, and listeners. */
package javelin.vmm.memory;
