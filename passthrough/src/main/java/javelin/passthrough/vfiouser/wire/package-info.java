/** Messages of vfio-user, as both ends send and receive them; what comes in is not trusted. */
package javelin.passthrough.vfiouser.wire;
