package javelin.devices.pci;

/** Offsets and bits of a type 0 configuration header (uapi linux/pci_regs.h). */
public final class PciRegisters {
  public static final int VENDOR = 0x00;
  public static final int DEVICE = 0x02;
  public static final int COMMAND = 0x04;
  public static final int STATUS = 0x06;
  public static final int REVISION = 0x08;
  public static final int CLASS_CODE = 0x09;
  public static final int CACHE_LINE_SIZE = 0x0c;
  public static final int LATENCY_TIMER = 0x0d;
  public static final int HEADER_TYPE = 0x0e;
  public static final int BAR_0 = 0x10;
  public static final int SUBSYSTEM_VENDOR = 0x2c;
  public static final int SUBSYSTEM = 0x2e;
  public static final int ROM = 0x30;
  public static final int CAPABILITIES = 0x34;
  public static final int INTERRUPT_LINE = 0x3c;
  public static final int INTERRUPT_PIN = 0x3d;

  /** Where the header ends and capabilities may begin, in both parts of the space. */
  public static final int HEADER_LENGTH = 0x40;

  public static final int EXTENDED_START = 0x100;

  public static final int COMMAND_IO = 0x0001;
  public static final int COMMAND_MEMORY = 0x0002;
  public static final int COMMAND_MASTER = 0x0004;
  public static final int COMMAND_PARITY = 0x0040;
  public static final int COMMAND_SERR = 0x0100;
  public static final int COMMAND_INTX_DISABLE = 0x0400;

  public static final int STATUS_INTERRUPT = 0x0008;
  public static final int STATUS_CAPABILITIES = 0x0010;

  /** Parity, target and master aborts and system errors: cleared by writing 1. */
  public static final int STATUS_ERRORS = 0xf900;

  public static final int HEADER_MULTI_FUNCTION = 0x80;

  private PciRegisters() {}
}
