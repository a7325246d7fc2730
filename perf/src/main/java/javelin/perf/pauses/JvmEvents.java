package javelin.perf.pauses;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.LongStream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/**
 * What the JVM did to all its threads during some work, by its own account (JFR).
 *
 * @param pauses for collections of garbage: for how many nanoseconds each stopped the threads
 * @param stops safepoints, those of collections among them: what each took, in nanoseconds
 * @param deoptimizations methods whose compiled code was left for the interpreter
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record JvmEvents(long[] pauses, long[] stops, int deoptimizations) {
  private static final String COLLECTION = "jdk.GarbageCollection";
  private static final String OPERATION = "jdk.ExecuteVMOperation";
  private static final String DEOPTIMIZATION = "jdk.Deoptimization";

  /** What happens while {@code work} runs. */
  static JvmEvents during(Runnable work) throws IOException {
    Path file = Files.createTempFile("javelin-pauses", ".jfr");
    try (Recording recording = new Recording()) {
      recording.enable(COLLECTION).withoutThreshold();
      recording.enable(OPERATION).withoutThreshold();
      recording.enable(DEOPTIMIZATION);
      recording.start();
      work.run();
      recording.stop();
      recording.dump(file);
      return read(file);
    } finally {
      Files.delete(file);
    }
  }

  private static JvmEvents read(Path file) throws IOException {
    LongStream.Builder pauses = LongStream.builder();
    LongStream.Builder stops = LongStream.builder();
    int deoptimizations = 0;
    for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
      switch (event.getEventType().getName()) {
        case COLLECTION -> pauses.add(event.getDuration("longestPause").toNanos());
        case OPERATION -> {
          if (event.getBoolean("safepoint")) {
            stops.add(event.getDuration().toNanos());
          }
        }
        case DEOPTIMIZATION -> deoptimizations++;
        default -> {}
      }
    }
    return new JvmEvents(pauses.build().toArray(), stops.build().toArray(), deoptimizations);
  }
}
