/** What measuring guests hand over, read on the host: samples of their time stamp counter. */
package javelin.perf.guest;
