/** What assigning a device buys over virtio on the same backing, measured inside a guest. */
package javelin.perf.assign;
