/** Measuring: the command {@code javelin bench}, and the rules that keep the modules apart. */
package javelin.perf;
