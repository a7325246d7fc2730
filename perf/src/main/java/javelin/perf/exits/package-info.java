/** What an exit to user space costs under Javelin, beside a plain C loop over the same guest. */
package javelin.perf.exits;
