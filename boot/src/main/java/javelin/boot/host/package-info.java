/**
 * What a host offers for virtual machines, read from its proc, sys and dev file systems under any
 * root, so that tests read a made-up one.
 */
package javelin.boot.host;
