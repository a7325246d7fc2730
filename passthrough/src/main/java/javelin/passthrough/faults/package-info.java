/** What devices do wrong on purpose, so that drivers and monitors can be tested against it. */
package javelin.passthrough.faults;
