/** What the host itself uses a PCI device for: the guard before a device is taken from it. */
package javelin.passthrough.host.use;
