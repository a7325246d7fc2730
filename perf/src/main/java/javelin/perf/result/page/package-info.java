/** An outcome as one self-contained HTML page with percentile plots. */
package javelin.perf.result.page;
