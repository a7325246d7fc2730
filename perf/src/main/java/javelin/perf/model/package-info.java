/** Drivers without a guest: what drives the device side of queues where that alone is measured. */
package javelin.perf.model;
