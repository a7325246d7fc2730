package javelin.devices.legacy;

/**
 * The clock registers of an MC146818: from seconds since 1970 to register bytes and back, in the
 * format that register B asks for (binary or BCD, 24 or 12 hours). Whatever bytes a guest puts in
 * give some time; none is refused. Nothing allocates.
 */
final class RtcTime {
  static final int SECONDS = 0;
  static final int MINUTES = 2;
  static final int HOURS = 4;
  static final int WEEKDAY = 6;
  static final int DAY = 7;
  static final int MONTH = 8;
  static final int YEAR = 9;

  /** Where the FADT says that the century is, among the ordinary bytes. */
  static final int CENTURY = 0x32;

  static final int B_24_HOURS = 0x02;
  static final int B_BINARY = 0x04;

  private static final int PM = 0x80;
  private static final long SECONDS_PER_DAY = 86_400;

  /** Days from 1 March of the year 0 to 1 January 1970, and in 400, 100, 4 and 1 years. */
  private static final long EPOCH_DAYS = 719_468;

  private static final long DAYS_400 = 146_097;
  private static final long DAYS_100 = 36_524;
  private static final long DAYS_4 = 1_461;
  private static final long DAYS_1 = 365;

  /** 1 January 1970 was a Thursday; Sunday is 1. */
  private static final int EPOCH_WEEKDAY = 4;

  private RtcTime() {}

  static int encode(int value, int registerB) {
    return (registerB & B_BINARY) != 0 ? value : ((value / 10) << 4) | (value % 10);
  }

  static int decode(int value, int registerB) {
    return (registerB & B_BINARY) != 0 ? value : (value >>> 4) * 10 + (value & 0xf);
  }

  private static int encodeHours(int hours, int registerB) {
    if ((registerB & B_24_HOURS) != 0) {
      return encode(hours, registerB);
    }
    int twelve = hours % 12 == 0 ? 12 : hours % 12;
    return encode(twelve, registerB) | (hours >= 12 ? PM : 0);
  }

  private static int decodeHours(int value, int registerB) {
    if ((registerB & B_24_HOURS) != 0) {
      return decode(value, registerB);
    }
    return decode(value & ~PM, registerB) % 12 + ((value & PM) != 0 ? 12 : 0);
  }

  /** Whether {@code address} is one of the registers that {@link #store} fills. */
  static boolean isTime(int address) {
    return switch (address) {
      case SECONDS, MINUTES, HOURS, WEEKDAY, DAY, MONTH, YEAR, CENTURY -> true;
      default -> false;
    };
  }

  /** Puts the time into its registers. */
  static void store(long epochSeconds, int registerB, byte[] registers) {
    int ofDay = (int) Math.floorMod(epochSeconds, SECONDS_PER_DAY);
    long days = Math.floorDiv(epochSeconds, SECONDS_PER_DAY);
    registers[SECONDS] = (byte) encode(ofDay % 60, registerB);
    registers[MINUTES] = (byte) encode(ofDay / 60 % 60, registerB);
    registers[HOURS] = (byte) encodeHours(ofDay / 3600, registerB);
    int weekday = (int) Math.floorMod(days + EPOCH_WEEKDAY, 7L) + 1;
    registers[WEEKDAY] = (byte) encode(weekday, registerB);

    // Years begin in March, so that the leap day is the last of its year.
    long left = days + EPOCH_DAYS;
    long cycles = Math.floorDiv(left, DAYS_400);
    left -= cycles * DAYS_400;
    long centuries = Math.min(left / DAYS_100, 3);
    left -= centuries * DAYS_100;
    long fours = left / DAYS_4;
    left -= fours * DAYS_4;
    long ones = Math.min(left / DAYS_1, 3);
    left -= ones * DAYS_1;
    int month = (int) ((5 * left + 2) / 153); // From March: 31 30 31 30 31, twice, and the rest.
    int day = (int) (left - daysBefore(month)) + 1;
    long year = 400 * cycles + 100 * centuries + 4 * fours + ones + (month >= 10 ? 1 : 0);
    registers[DAY] = (byte) encode(day, registerB);
    registers[MONTH] = (byte) encode((month + 2) % 12 + 1, registerB);
    registers[YEAR] = (byte) encode((int) Math.floorMod(year, 100L), registerB);
    registers[CENTURY] =
        (byte) encode((int) Math.floorMod(Math.floorDiv(year, 100L), 100L), registerB);
  }

  /** Days of the months before {@code month}, counted from March as 0. */
  private static long daysBefore(int month) {
    return (153L * month + 2) / 5;
  }

  /** The time that the registers hold; the weekday does not count. */
  static long load(int registerB, byte[] registers) {
    int month = Math.max(decode(registers[MONTH] & 0xff, registerB), 1) - 1;
    long year =
        100L * decode(registers[CENTURY] & 0xff, registerB)
            + decode(registers[YEAR] & 0xff, registerB)
            + month / 12;
    month %= 12;
    long marchYear = month < 2 ? year - 1 : year;
    long days =
        Math.floorDiv(marchYear, 400L) * DAYS_400
            + Math.floorMod(marchYear, 400L) / 100 * DAYS_100
            + Math.floorMod(marchYear, 100L) / 4 * DAYS_4
            + Math.floorMod(marchYear, 4L) * DAYS_1
            + daysBefore((month + 10) % 12)
            + decode(registers[DAY] & 0xff, registerB)
            - 1
            - EPOCH_DAYS;
    return days * SECONDS_PER_DAY
        + decodeHours(registers[HOURS] & 0xff, registerB) * 3600L
        + decode(registers[MINUTES] & 0xff, registerB) * 60L
        + decode(registers[SECONDS] & 0xff, registerB);
  }
}
