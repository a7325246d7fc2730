package javelin.devices.virtio;

import javelin.devices.virtio.queue.QueueRunner;
import javelin.vmm.event.EventLoop;
import javelin.vmm.memory.GuestMemory;

/**
 * What the service of a queue has to work with.
 *
 * @param memory guest RAM
 * @param transport the way to the driver
 * @param owner what the queue belongs to
 * @param loop the event loop for it
 */
public record QueueContext(
    GuestMemory memory, VirtioTransport transport, QueueRunner.Owner owner, EventLoop loop) {}
