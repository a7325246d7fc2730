package javelin.passthrough.assigned;

import java.util.function.Consumer;
import javelin.devices.pci.PciRoot;
import javelin.vmm.event.EventLoop;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.kvm.KvmMemorySlots;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.Linux;

/**
 * What assigned functions need of the machine that they are in.
 *
 * @param linux makes eventfds
 * @param vm takes irqfds
 * @param routes gives GSIs to message-signalled interrupts
 * @param slots maps BARs into the guest
 * @param pci places BARs, and wires for pins
 * @param loop relays what does not go by the kernel
 * @param problems told, in a line, what went wrong with a device while the guest runs
 * @param wantedBack told, on the loop, the name of a device that the host wants back
 */
public record GuestSide(
    Linux linux,
    KvmVm vm,
    GsiRoutes routes,
    KvmMemorySlots slots,
    PciRoot pci,
    EventLoop loop,
    Consumer<String> problems,
    Consumer<String> wantedBack) {}
