/**
 * Takes PCI functions from their host drivers for assignment and gives them back: driver bindings,
 * the journal that makes each change undoable whatever ends the process, and the lock that says who
 * has a device.
 *
 * <p>Above {@code javelin.passthrough.host}, which knows what a device is; knows nothing of VFIO's
 * descriptors. Nothing here runs while a guest does. Threads: one at a time for each object.
 */
package javelin.passthrough.binding;
