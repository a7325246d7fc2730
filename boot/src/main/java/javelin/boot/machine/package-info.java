/** A PC as configured: plain records, the checks of the host, and the builder. */
package javelin.boot.machine;
