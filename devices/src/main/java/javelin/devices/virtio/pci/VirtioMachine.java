package javelin.devices.virtio.pci;

import java.util.function.Consumer;
import javelin.devices.pci.PciRoot;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;

/**
 * What virtio functions need of the machine that they are in.
 *
 * @param linux makes eventfds
 * @param vm takes irqfds and ioeventfds
 * @param routes gives GSIs to message-signalled interrupts
 * @param pci places BARs, and wires for pins
 * @param memory guest RAM
 * @param problems told, in a line, what went wrong with a device while the guest runs
 */
public record VirtioMachine(
    Linux linux,
    KvmVm vm,
    GsiRoutes routes,
    PciRoot pci,
    GuestMemory memory,
    Consumer<String> problems) {}
