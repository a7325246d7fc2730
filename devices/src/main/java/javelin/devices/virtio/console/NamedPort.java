package javelin.devices.virtio.console;

import javelin.devices.console.SerialBackend;

/**
 * A port that the guest finds by its name: {@code /dev/virtio-ports/NAME} in Linux.
 *
 * @param name ASCII
 * @param backend what it talks to
 */
public record NamedPort(String name, SerialBackend backend) {}
