/** Measuring: the command {@code javelin perf}, and the rules that keep the modules apart. */
package javelin.perf;
