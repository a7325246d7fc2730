/** Both ends of vfio-user against each other, and each against a peer that is hostile. */
package javelin.passthrough.vfiouser;
