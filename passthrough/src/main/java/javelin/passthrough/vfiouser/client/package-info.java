/** The back end of {@code VfioDevice} whose devices are behind vfio-user. */
package javelin.passthrough.vfiouser.client;
