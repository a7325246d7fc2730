/** The console device: a console, or ports with names (virtio 1.2, 5.3). */
package javelin.devices.virtio.console;
