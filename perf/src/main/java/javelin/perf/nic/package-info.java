/** TCP over a network card's wire, with the card assigned to a Linux guest and by virtio on it. */
package javelin.perf.nic;
