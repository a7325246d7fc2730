/** vCPU threads and their exit loop, the machine's lifecycle, exit statistics. */
package javelin.vmm.machine;
