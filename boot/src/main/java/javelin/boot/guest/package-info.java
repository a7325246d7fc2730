/** Guests that the project assembles itself: the self-test that runs by default, and small ones. */
package javelin.boot.guest;
