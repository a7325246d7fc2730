package javelin.passthrough.vfiouser.wire;

/**
 * What a message asks for (vfio-user, "Commands"): all but DMA_READ and DMA_WRITE of the server.
 */
public enum Command {
  VERSION(1),
  DMA_MAP(2),
  DMA_UNMAP(3),
  DEVICE_GET_INFO(4),
  DEVICE_GET_REGION_INFO(5),
  DEVICE_GET_REGION_IO_FDS(6),
  DEVICE_GET_IRQ_INFO(7),
  DEVICE_SET_IRQS(8),
  REGION_READ(9),
  REGION_WRITE(10),
  DMA_READ(11),
  DMA_WRITE(12),
  DEVICE_RESET(13),
  REGION_WRITE_MULTI(15),
  DEVICE_FEATURE(16),
  MIG_DATA_READ(17),
  MIG_DATA_WRITE(18);

  private static final Command[] BY_NUMBER = new Command[19];

  static {
    for (Command command : values()) {
      BY_NUMBER[command.number] = command;
    }
  }

  private final int number;

  Command(int number) {
    this.number = number;
  }

  /** Its number in a message's header. */
  public int number() {
    return number;
  }

  /** Its name in the protocol, {@code "VFIO_USER_DMA_MAP"}. */
  public String symbol() {
    return "VFIO_USER_" + name();
  }

  /** The command of a number; null where there is none. */
  public static Command of(int number) {
    return number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
  }
}
