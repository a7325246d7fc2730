/**
 * What a measurement found, whatever it measured: series of figures, each with its number of
 * samples and its unit, and what could not be measured; as a table, JSON, percentile files and a
 * page.
 */
package javelin.perf.result;
