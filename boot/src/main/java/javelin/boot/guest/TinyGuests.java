package javelin.boot.guest;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;

import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.asm.Mode;

/**
 * Guests of a few instructions, for tests of a virtual CPU's life and for measuring exits.
 *
 * <p>Each is 64-bit code for ring 0 that runs at any address, uses no stack and no memory but its
 * own, and needs nothing but long mode with its own page (and the MMIO page, where there is one)
 * identity-mapped. {@link GuestProgram#ofCode} makes a program of it, {@link ElfWriter} a file.
 */
public final class TinyGuests {
  private static final int DEBUG_EXIT_PORT = 0xf4;
  private static final int PM1_POWER_BUTTON = 1 << 8;
  private static final int PM1_SLEEP_ENABLE = 1 << 13;

  /** What an exit loop does in each round. */
  public enum Exit {
    /** Nothing: the price of the loop itself. */
    NONE,
    /** {@code out dx, al}. */
    PORT_WRITE,
    /** {@code in al, dx}. */
    PORT_READ,
    /** A 32-bit store. */
    MMIO_WRITE,
    /** A 32-bit load. */
    MMIO_READ,
    /** {@code cpuid} leaf 0, which the kernel answers without user space. */
    CPUID
  }

  private TinyGuests() {}

  /** {@code cli; jmp .}: runs for ever and takes no interrupt. */
  public static byte[] spin() {
    Label self = new Label("self");
    return code().cli().label(self).jmp(self).assemble();
  }

  /** {@code cli; hlt}: halts, and again if something wakes it. */
  public static byte[] halt() {
    Label self = new Label("self");
    return code().cli().label(self).hlt().jmp(self).assemble();
  }

  /**
   * Ends in a triple fault: an invalid opcode with no interrupt table, so neither it nor the faults
   * that follow can be delivered.
   */
  public static byte[] tripleFault() {
    Label empty = new Label("empty table");
    return code().lidt(ptr(empty)).ud2().label(empty).zero(10).assemble();
  }

  /**
   * Listens to its power button: enables it, says so by a byte to a serial port, polls until it is
   * pressed and powers off (ACPI 6.5, 4.8.3.1 and 4.8.3.2).
   *
   * @param pm1Event port of the PM1 event block: status, then enable
   * @param pm1Control port of the PM1 control block
   * @param sleepType SLP_TYP of S5
   * @param serial port of the serial port
   */
  public static byte[] powerButton(int pm1Event, int pm1Control, int sleepType, int serial) {
    Label poll = new Label("poll");
    Label halt = new Label("halt");
    Assembler a = code().cli();
    a.mov(EDX, pm1Event + 2).mov(EAX, PM1_POWER_BUTTON).outDx(AX);
    a.mov(EDX, serial).mov(EAX, '!').outDx(AL).mov(EDX, pm1Event);
    a.label(poll).inDx(AX).test(EAX, PM1_POWER_BUTTON).jz(poll);
    a.mov(EDX, pm1Control).mov(EAX, (long) sleepType << 10 | PM1_SLEEP_ENABLE).outDx(AX);
    return a.label(halt).hlt().jmp(halt).assemble();
  }

  /** Writes {@code value} to the debug exit port: the VMM ends with {@code value << 1 | 1}. */
  public static byte[] debugExit(int value) {
    return exit(code(), value).assemble();
  }

  /**
   * Exits {@code count} times, then through the debug exit port with value 0.
   *
   * @param target port (below 0x10000) or guest-physical address (below 4 GiB) to access, ignored
   *     where none is
   * @param count rounds, at least 1
   */
  public static byte[] exitLoop(Exit exit, long target, long count) {
    if (count < 1) {
      throw new IllegalArgumentException("a loop of " + count + " rounds");
    }
    return loop(code().mov(RDI, count), exit, target);
  }

  /** The same loop, with the number of rounds (at least 1) taken from RDI at the start. */
  public static byte[] exitLoop(Exit exit, long target) {
    return loop(code(), exit, target);
  }

  private static byte[] loop(Assembler a, Exit exit, long target) {
    boolean port = exit == Exit.PORT_READ || exit == Exit.PORT_WRITE;
    if (target < 0 || target >>> (port ? 16 : 32) != 0) {
      throw new IllegalArgumentException("0x%x is out of reach of %s".formatted(target, exit));
    }
    Label again = new Label("again");
    a.xor(EAX, EAX);
    if (port) {
      a.mov(EDX, target);
    } else {
      a.mov(RBX, target);
    }
    a.label(again);
    switch (exit) {
      case NONE -> {}
      case PORT_WRITE -> a.outDx(AL);
      case PORT_READ -> a.inDx(AL);
      case MMIO_WRITE -> a.mov(ptr(RBX), EAX);
      case MMIO_READ -> a.mov(EAX, ptr(RBX));
      case CPUID -> a.xor(EAX, EAX).cpuid();
    }
    a.dec(RDI).jnz(again);
    return exit(a, 0).assemble();
  }

  private static Assembler exit(Assembler a, int value) {
    Label halt = new Label("halt");
    return a.mov(EAX, value).out(DEBUG_EXIT_PORT, AL).cli().label(halt).hlt().jmp(halt);
  }

  /** Position-independent, so the origin does not matter. */
  private static Assembler code() {
    return new Assembler(0, Mode.BITS64);
  }
}
