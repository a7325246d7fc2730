/**
 * ACPI tables (ACPI 6.5), made from the machine as it is configured: {@link
 * javelin.boot.acpi.AcpiTables} turns an {@link javelin.boot.acpi.AcpiMachine} into one image for
 * the BIOS area. One class per table; a table that is new needs its class and one line there.
 */
package javelin.boot.acpi;
