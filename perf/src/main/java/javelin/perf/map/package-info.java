/** What it costs to make guest RAM present and to pin and map it for a device's DMA. */
package javelin.perf.map;
