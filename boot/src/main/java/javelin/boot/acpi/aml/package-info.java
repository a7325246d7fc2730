/**
 * A small encoder for ACPI Machine Language: terms, names and resource descriptors, as the bytes of
 * ACPI 6.5 chapters 6.4 and 20. It knows the encoding and nothing of the machine.
 */
package javelin.boot.acpi.aml;
