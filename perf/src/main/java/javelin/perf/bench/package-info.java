/** What all benches of {@code javelin bench} have in common: options, progress, Ctrl-C, outputs. */
package javelin.perf.bench;
