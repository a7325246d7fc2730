/** Javelin in tests: guests that JUnit starts and ends. */
package javelin.boot.testing;
