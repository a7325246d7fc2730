/** Where the bytes of character devices go to and come from: terminal, file, pty, socket. */
package javelin.devices.console;
