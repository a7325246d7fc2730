/** JMH micro-benchmarks: one class for each layer of the paths of exits, queues and interrupts. */
package javelin.perf.micro;
