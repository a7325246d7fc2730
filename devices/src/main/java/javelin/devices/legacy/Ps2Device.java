package javelin.devices.legacy;

/**
 * A keyboard or mouse that nobody touches: it answers its host's commands, so that drivers find it
 * without waiting, and never sends anything else. Called with its controller's lock held.
 */
abstract class Ps2Device {
  static final int ACKNOWLEDGE = 0xfa;
  static final int SELF_TEST_PASSED = 0xaa;
  static final int RESEND = 0xfe;
  static final int RESET = 0xff;
  static final int IDENTIFY = 0xf2;

  private static final int NONE = -1;

  /** Takes what a device sends. */
  interface Output {
    /** Sends a byte to the host. */
    void send(int value);
  }

  private final Output output;
  private int commandWithParameter = NONE;
  private int lastSent;

  Ps2Device(Output output) {
    this.output = output;
  }

  void reset() {
    commandWithParameter = NONE;
    lastSent = 0;
  }

  final void send(int value) {
    lastSent = value;
    output.send(value);
  }

  /** Whether {@code command} is followed by a byte that belongs to it. */
  abstract boolean hasParameter(int command);

  /** Sends what follows the acknowledgement; returns false where there is no such command. */
  abstract boolean answers(int command);

  /** Sends what {@code command} answers to its parameter, after the acknowledgement. */
  void answersParameter(int command, int parameter) {}

  /** Receives a byte from the host. */
  final void receive(int value) {
    if (commandWithParameter != NONE) {
      int command = commandWithParameter;
      commandWithParameter = NONE;
      send(ACKNOWLEDGE);
      answersParameter(command, value);
    } else if (value == RESEND) {
      output.send(lastSent);
    } else if (hasParameter(value)) {
      commandWithParameter = value;
      send(ACKNOWLEDGE);
    } else if (value == RESET) {
      send(ACKNOWLEDGE);
      send(SELF_TEST_PASSED);
      answers(RESET);
    } else if (!answers(value)) {
      send(RESEND);
    }
  }

  /** An MF2 keyboard, identifier AB 83. */
  static final class Keyboard extends Ps2Device {
    private static final int SET_LEDS = 0xed;
    private static final int ECHO = 0xee;
    private static final int SCAN_CODE_SET = 0xf0;
    private static final int SET_RATE = 0xf3;
    private static final int ENABLE = 0xf4;
    private static final int LAST_COMMAND = 0xfd;
    private static final int SET_2 = 2;

    Keyboard(Output output) {
      super(output);
    }

    @Override
    boolean hasParameter(int command) {
      return command == SET_LEDS || command == SCAN_CODE_SET || command == SET_RATE;
    }

    @Override
    boolean answers(int command) {
      if (command == ECHO) {
        send(ECHO);
      } else if (command == IDENTIFY) {
        send(ACKNOWLEDGE);
        send(0xab);
        send(0x83);
      } else if (command >= ENABLE && command <= LAST_COMMAND) {
        send(ACKNOWLEDGE);
      } else {
        return command == RESET;
      }
      return true;
    }

    @Override
    void answersParameter(int command, int parameter) {
      if (command == SCAN_CODE_SET && parameter == 0) {
        send(SET_2);
      }
    }
  }

  /** A mouse with two buttons, identifier 00, that lies still. */
  static final class Mouse extends Ps2Device {
    private static final int SET_SCALING_1 = 0xe6;
    private static final int SET_SCALING_2 = 0xe7;
    private static final int SET_RESOLUTION = 0xe8;
    private static final int STATUS = 0xe9;
    private static final int SET_STREAM = 0xea;
    private static final int READ_DATA = 0xeb;
    private static final int SET_REMOTE = 0xf0;
    private static final int SET_RATE = 0xf3;
    private static final int ENABLE = 0xf4;
    private static final int DISABLE = 0xf5;
    private static final int SET_DEFAULTS = 0xf6;
    private static final int DEFAULT_RESOLUTION = 2;
    private static final int DEFAULT_RATE = 100;
    private static final int PACKET_START = 0x08;

    Mouse(Output output) {
      super(output);
    }

    @Override
    boolean hasParameter(int command) {
      return command == SET_RESOLUTION || command == SET_RATE;
    }

    @Override
    boolean answers(int command) {
      switch (command) {
        case RESET -> send(0);
        case IDENTIFY -> {
          send(ACKNOWLEDGE);
          send(0);
        }
        case STATUS -> {
          send(ACKNOWLEDGE);
          send(0);
          send(DEFAULT_RESOLUTION);
          send(DEFAULT_RATE);
        }
        case READ_DATA -> {
          send(ACKNOWLEDGE);
          send(PACKET_START);
          send(0);
          send(0);
        }
        case SET_SCALING_1, SET_SCALING_2, SET_STREAM, SET_REMOTE, ENABLE, DISABLE, SET_DEFAULTS ->
            send(ACKNOWLEDGE);
        default -> {
          return false;
        }
      }
      return true;
    }
  }
}
