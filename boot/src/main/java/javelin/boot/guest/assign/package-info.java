/** The guests that check PCI functions from inside: assign-check any, virtio-check virtio's. */
package javelin.boot.guest.assign;
