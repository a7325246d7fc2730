/** The host's side: its PCI devices, which of them can be assigned, and their driver bindings. */
package javelin.passthrough.host;
