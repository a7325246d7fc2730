/** What differs between two outcomes, beyond the noise of their rounds. */
package javelin.perf.result.compare;
