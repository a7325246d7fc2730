/** What the JVM's own work, collections of garbage and compilation, does to a queue's requests. */
package javelin.perf.pauses;
