/** Edge and level interrupts as different types, and the one owner of the GSI routing table. */
package javelin.vmm.irq;
