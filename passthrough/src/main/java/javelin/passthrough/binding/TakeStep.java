package javelin.passthrough.binding;

/**
 * One step of taking a device or of giving it back.
 *
 * @param words what happens, for people
 * @param file the file that is written or removed; empty where the step is something else
 * @param value what is written to a file of sysfs; empty for other files
 */
public record TakeStep(String words, String file, String value) {
  static TakeStep of(String words) {
    return new TakeStep(words, "", "");
  }
}
