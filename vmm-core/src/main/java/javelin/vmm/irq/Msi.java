package javelin.vmm.irq;

/**
 * A message-signalled interrupt: the write that a function makes (PCI Local Bus 3.0, 6.8).
 *
 * @param address the message address
 * @param data the message data
 */
public record Msi(long address, int data) {}
