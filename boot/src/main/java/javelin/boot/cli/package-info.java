/** The commands, and the machine builder that they share. */
package javelin.boot.cli;
