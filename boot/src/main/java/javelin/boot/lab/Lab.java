package javelin.boot.lab;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A virtual host with an IOMMU, /dev/kvm and /dev/vfio, in which one command runs as root in the
 * folder that Javelin was started in. The host's file system is the machine's own, under a layer in
 * memory: what the command changes is gone when it ends.
 *
 * <p>One object runs one command. The calling thread waits; one thread reads each port.
 */
public final class Lab implements AutoCloseable {
  private static final long DRIVE_BYTES = 64L << 20;
  private static final int CONSOLE_LINES = 25;
  private static final int CONSOLE_BYTES = 8192;
  private static final int BUFFER_BYTES = 1 << 16;
  private static final long LAST_WORDS_MILLIS = 2000;
  private static final long QEMU_END_SECONDS = 5;

  /** The host says that it is alive every 5 s. */
  private static final long SIGN_MILLIS = 5000;

  private static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(90);

  private final LabOptions options;
  private final LabParts parts;
  private final PrintStream messages;
  private final Path files;
  private final Map<LabPort, ServerSocketChannel> sockets = new EnumMap<>(LabPort.class);
  private final List<Thread> readers = new ArrayList<>();
  private final CompletableFuture<Void> up = new CompletableFuture<>();
  private final CompletableFuture<Integer> exit = new CompletableFuture<>();
  private volatile Process process;
  private volatile boolean closed;

  /** When the host last said anything on its control port. */
  private volatile long lastSign;

  /**
   * Runs a lab on this machine's standard output and error, from making it to taking it down.
   *
   * @return the exit code of its command
   * @throws LabException if something that it needs is missing, the host does not come up, or it
   *     ends before the command
   */
  public static int run(LabOptions options) throws IOException, InterruptedException {
    PackageCache cache = new PackageCache(cache());
    LabParts parts =
        new LabParts(
            kernel(options.kernel(), cache),
            QemuChoice.ofHost(cache, System.err).choose(options.qemu()),
            HostPrograms.find("busybox"));
    Lab lab = new Lab(options, parts, System.err);
    // Ctrl-C and SIGTERM: QEMU must not outlive Javelin, nor its files stay.
    Thread hook = new Thread(lab::closeQuietly, "lab-end");
    Runtime.getRuntime().addShutdownHook(hook);
    try (lab) {
      return lab.run(System.out, System.err);
    }
  }

  private static LabKernel kernel(String name, PackageCache cache) {
    Path file = Path.of(name);
    if (name.contains("/") || Files.exists(file)) {
      return LabKernel.of(file);
    }
    return new KernelPackage(cache, new Apt.Host(), System.err).kernel(name);
  }

  /** The folder that keeps the lab's kernels, one folder each; it may not be there yet. */
  public static Path cache() {
    return PackageCache.ofUser(System.getenv("XDG_CACHE_HOME"), System.getProperty("user.home"));
  }

  /**
   * Prepares a lab.
   *
   * @param options what it is made of
   * @param parts what it is put together from
   * @param messages told where the files are, if they are kept
   */
  Lab(LabOptions options, LabParts parts, PrintStream messages) throws IOException {
    this.options = options;
    this.parts = parts;
    this.messages = messages;
    files = Files.createTempDirectory("javelin-lab-");
  }

  /**
   * Runs the command to its end.
   *
   * @return its exit code
   * @throws LabException if the host does not come up, or ends before the command
   */
  int run(OutputStream out, OutputStream err) throws IOException, InterruptedException {
    Path initramfs = files.resolve("initramfs.cpio");
    Initramfs.write(initramfs, options, parts);
    makeDrives();
    listen();
    QemuCommand command = new QemuCommand(options, parts, initramfs, files);
    start(command.toList());
    accept(LabPort.CONTROL, this::readControl);
    if (!options.isShell()) {
      accept(LabPort.STDOUT, in -> copy(in, out));
      accept(LabPort.STDERR, in -> copy(in, err));
    }
    start(new Thread(this::watch, "lab-qemu"));
    await(up, options.timeout().toMillis());
    int code = awaitExit();
    if (options.isShell()) {
      // QEMU has the terminal: ended by a signal, it would say so there.
      process.waitFor(QEMU_END_SECONDS, TimeUnit.SECONDS);
    }
    stopQemu();
    for (Thread reader : readers) {
      reader.join();
    }
    return code;
  }

  /** Ends QEMU and removes the lab's files unless they are to be kept. */
  @Override
  public synchronized void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    stopQemu();
    stopListening();
    if (options.keep()) {
      messages.println("javelin: the lab's files are in " + files);
    } else {
      Folders.delete(files);
    }
  }

  private void closeQuietly() {
    try {
      close();
    } catch (IOException e) {
      messages.println("javelin: the lab's files in " + files + " stay: " + e.getMessage());
    }
  }

  private void makeDrives() throws IOException {
    for (int i = 0; i < options.devices().size(); i++) {
      if (options.devices().get(i).needsDrive()) {
        Path file = QemuCommand.drive(files, i);
        try (RandomAccessFile drive = new RandomAccessFile(file.toFile(), "rw")) {
          drive.setLength(DRIVE_BYTES);
        }
      }
    }
  }

  private void listen() throws IOException {
    for (LabPort port : LabPort.values()) {
      if (port.isUsed(options.isShell()) && port != LabPort.TERMINAL) {
        ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        sockets.put(port, socket);
        socket.bind(UnixDomainSocketAddress.of(QemuCommand.socket(files, port)));
      }
    }
  }

  private void stopListening() throws IOException {
    for (ServerSocketChannel socket : sockets.values()) {
      socket.close();
    }
  }

  private void start(List<String> command) throws IOException {
    Files.writeString(files.resolve("qemu.command"), String.join(" ", command) + "\n");
    ProcessBuilder builder = new ProcessBuilder(command);
    if (options.isShell()) {
      builder.inheritIO();
    } else {
      builder
          .redirectInput(Path.of("/dev/null").toFile())
          .redirectErrorStream(true)
          .redirectOutput(qemuLog().toFile());
    }
    process = builder.start();
  }

  /** Tells the waiting thread when QEMU ended, once its last words have been read. */
  private void watch() {
    try {
      process.waitFor();
      stopListening();
      for (Thread reader : readers) {
        reader.join(LAST_WORDS_MILLIS);
      }
    } catch (IOException e) {
      messages.println("javelin: a socket of the lab did not close: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    up.completeExceptionally(new LabException("the lab's host did not come up"));
    exit.completeExceptionally(new LabException("the lab's host ended before the command did"));
  }

  /** What a thread does with a port's bytes. */
  private interface PortReader {
    void read(InputStream in) throws IOException;
  }

  private void accept(LabPort port, PortReader reader) {
    Thread thread =
        new Thread(
            () -> {
              try (SocketChannel channel = sockets.get(port).accept()) {
                reader.read(Channels.newInputStream(channel));
              } catch (IOException e) {
                if (process.isAlive()) {
                  exit.completeExceptionally(new LabException("a line to the lab broke: " + e));
                } // else the end of QEMU says it all
              }
            },
            "lab-" + port.tag());
    readers.add(thread);
    start(thread);
  }

  private static void start(Thread thread) {
    thread.setDaemon(true);
    thread.start();
  }

  private void readControl(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0; c = in.read()) {
      if (c != '\n') {
        line.append((char) c);
        continue;
      }
      String said = line.toString();
      line.setLength(0);
      lastSign = System.nanoTime();
      if (said.equals("up")) {
        up.complete(null);
      } else if (said.matches("exit \\d+")) {
        exit.complete(Integer.valueOf(said.substring("exit ".length())));
      }
    }
  }

  private static void copy(InputStream in, OutputStream out) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
      out.write(buffer, 0, count);
      out.flush();
    }
  }

  /** Waits for the command's end, for as long as the host gives signs of life. */
  private int awaitExit() throws InterruptedException {
    while (true) {
      try {
        return exit.get(SIGN_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        if (System.nanoTime() - lastSign > SILENCE_NANOS) {
          throw new LabException(
              "the lab's host gave no sign of life for "
                  + TimeUnit.NANOSECONDS.toSeconds(SILENCE_NANOS)
                  + " s"
                  + lastWords(),
              e);
        }
      } catch (ExecutionException e) {
        throw failure(e);
      }
    }
  }

  private LabException failure(ExecutionException e) {
    return new LabException(e.getCause().getMessage() + lastWords(), e);
  }

  private <T> T await(CompletableFuture<T> future, long millis) throws InterruptedException {
    try {
      return future.get(millis, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new LabException(
          "the lab's host did not come up within "
              + options.timeout().toMillis() / 1000.0
              + " s (--timeout)"
              + lastWords(),
          e);
    } catch (ExecutionException e) {
      throw failure(e);
    }
  }

  /** What QEMU complained of, and the end of the lab's console. */
  private String lastWords() {
    if (closed) {
      return ": it was stopped";
    }
    StringBuilder words = new StringBuilder();
    String complaint = tail(qemuLog());
    if (!complaint.isEmpty()) {
      words.append("; QEMU says:\n").append(complaint);
    }
    String console = tail(QemuCommand.consoleLog(files));
    if (!console.isEmpty()) {
      words.append("; the end of its console:\n").append(console);
    } else if (complaint.isEmpty()) {
      words.append("; its console is empty");
    }
    return words.toString();
  }

  private static String tail(Path file) {
    if (!Files.exists(file)) {
      return "";
    }
    try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "r")) {
      log.seek(Math.max(0, log.length() - CONSOLE_BYTES));
      byte[] bytes = new byte[CONSOLE_BYTES];
      int count = Math.max(0, log.read(bytes));
      String text = new String(bytes, 0, count, StandardCharsets.UTF_8).replace("\r", "");
      List<String> lines = text.strip().lines().toList();
      return String.join(
          "\n", lines.subList(Math.max(0, lines.size() - CONSOLE_LINES), lines.size()));
    } catch (IOException e) {
      return "";
    }
  }

  /** The folder of the lab's sockets, logs and drives. */
  Path files() {
    return files;
  }

  private Path qemuLog() {
    return files.resolve("qemu.log");
  }

  private void stopQemu() {
    Process running = process;
    if (running == null) {
      return;
    }
    running.destroy();
    try {
      if (!running.waitFor(QEMU_END_SECONDS, TimeUnit.SECONDS)) {
        running.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      running.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
