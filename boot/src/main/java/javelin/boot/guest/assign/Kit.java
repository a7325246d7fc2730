package javelin.boot.guest.assign;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.runtime.AcpiChecks;
import javelin.boot.guest.runtime.Apic;
import javelin.boot.guest.runtime.GuestEntry;
import javelin.boot.guest.runtime.GuestRuntime;
import javelin.boot.guest.runtime.Interrupts;
import javelin.boot.guest.runtime.IoApic;

/** What all checks of this guest lean on. */
public record Kit(
    Assembler a,
    GuestRuntime r,
    GuestEntry entry,
    AcpiChecks acpi,
    Apic apic,
    IoApic ioApic,
    Interrupts interrupts,
    PciPlatform platform) {}
