/**
 * An NVMe controller with one namespace (NVM Express Base 1.4, the NVM command set in it), as a
 * device model.
 */
package javelin.passthrough.model.nvme;
