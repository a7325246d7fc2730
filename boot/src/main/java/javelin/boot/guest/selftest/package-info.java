/** The self-test guest: a program that checks, from inside, the machine it runs on. */
package javelin.boot.guest.selftest;
