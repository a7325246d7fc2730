package javelin.boot.guest.runtime;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;

/** The redirection table of the MADT's I/O APIC (Intel 82093AA, 3.2.4). */
public final class IoApic {
  /** Bits of an entry's lower half, whose lowest byte is the vector. */
  public static final int ACTIVE_LOW = 1 << 13;

  public static final int LEVEL = 1 << 15;
  public static final int MASKED = 1 << 16;

  private static final int DATA = 0x10;
  private static final int VERSION = 1;
  private static final int REDIRECTION = 0x10;

  /**
   * Sends GSI ECX to the boot processor; EDX is the lower half of the entry. Changes RAX, RCX and
   * RSI.
   */
  public final Label redirect = new Label("redirect");

  private final Assembler a;
  private final AcpiChecks acpi;
  private final Apic apic;

  /** The I/O APIC that {@code acpi} finds. */
  public IoApic(GuestRuntime r, AcpiChecks acpi, Apic apic) {
    this.a = r.a;
    this.acpi = acpi;
    this.apic = apic;
  }

  /** EAX = number of the last pin, counted from 0; the I/O APIC is there. Changes RSI. */
  public void lastPin() {
    a.mov(RSI, ptr(acpi.ioApic)).mov(DWORD, ptr(RSI), VERSION).mov(EAX, ptr(RSI, DATA));
    a.shr(EAX, 16).and(EAX, 0xff);
  }

  /** Masks the pin of GSI ECX; changes RAX, RCX, RDX and RSI. */
  public void mask() {
    a.mov(EDX, MASKED).call(redirect);
  }

  void emitRoutines() {
    // Upper half first: the lower one unmasks.
    a.label(redirect).mov(RSI, ptr(acpi.ioApic)).sub(ECX, ptr(acpi.ioApicBase));
    a.lea(EAX, ptr(RCX, RCX, 1, REDIRECTION + 1)).mov(ptr(RSI), EAX);
    a.mov(EAX, ptr(apic.bootId)).shl(EAX, 24).mov(ptr(RSI, DATA), EAX);
    a.lea(EAX, ptr(RCX, RCX, 1, REDIRECTION)).mov(ptr(RSI), EAX);
    a.mov(ptr(RSI, DATA), EDX).ret();
  }
}
