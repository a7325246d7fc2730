/** JMH micro-benchmarks: one class for each layer of the exit path. */
package javelin.perf.micro;
