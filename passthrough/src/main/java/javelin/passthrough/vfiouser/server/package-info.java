/** A device of this JVM, served by vfio-user to Javelin, QEMU or another monitor. */
package javelin.passthrough.vfiouser.server;
