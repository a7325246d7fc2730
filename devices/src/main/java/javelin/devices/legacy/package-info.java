/**
 * The PC's ISA-era devices: serial port, CMOS clock, keyboard controller, ACPI power management,
 * debug ports.
 */
package javelin.devices.legacy;
