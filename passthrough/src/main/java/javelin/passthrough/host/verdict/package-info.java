/** Whether a PCI device of the host can be assigned, and what taking it would do. */
package javelin.passthrough.host.verdict;
