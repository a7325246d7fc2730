package javelin.perf.exits;

/**
 * One run of an exit loop.
 *
 * @param nanos the time from each exit to the next one, without those of the warm-up
 * @param allocatedBytes what the vCPU's thread allocated in that time; 0 for a C program
 */
@SuppressWarnings("ArrayRecordComponent")
record Samples(long[] nanos, long allocatedBytes) {}
