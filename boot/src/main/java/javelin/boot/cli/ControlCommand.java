package javelin.boot.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin control}: tells a running guest's Javelin something. */
final class ControlCommand implements Command {
  private final CommandSpec spec = CommandSpec.create();

  ControlCommand() {
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0")
            .paramLabel("PATH")
            .type(Path.class)
            .required(true)
            .description("The socket of `javelin run --control PATH`.")
            .build());
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("1..*")
            .paramLabel("COMMAND")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .required(true)
            .description("The command, and what it is about; see below.")
            .build());
    spec.usageMessage()
        .description("Tells the Javelin of a running guest something, and shows its answer.")
        .footerHeading("%nCommands:%n")
        .footer(ControlCommands.HELP.stream().map(line -> "  " + line).toArray(String[]::new));
  }

  @Override
  public CommandSpec spec() {
    return spec;
  }

  @Override
  public int run(ParseResult arguments) {
    Path path = arguments.matchedPositionalValue(0, null);
    List<String> words = arguments.matchedPositionalValue(1, List.of());
    try (SocketChannel socket = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      ByteBuffer line =
          ByteBuffer.wrap((String.join(" ", words) + "\n").getBytes(StandardCharsets.UTF_8));
      while (line.hasRemaining()) {
        socket.write(line);
      }
      BufferedReader answer =
          new BufferedReader(Channels.newReader(socket, StandardCharsets.UTF_8));
      return show(path, answer);
    } catch (IOException e) {
      throw new CommandException(
          ExitCode.START_ERROR,
          path + ": no guest is controlled there (" + e.getMessage() + "); is it running?");
    }
  }

  private int show(Path path, BufferedReader answer) throws IOException {
    for (String line = answer.readLine(); line != null; line = answer.readLine()) {
      if (line.equals(ControlSocket.OK)) {
        return ExitCode.OK;
      }
      if (line.startsWith(ControlSocket.ERROR)) {
        throw new CommandException(
            ExitCode.START_ERROR, line.substring(ControlSocket.ERROR.length()));
      }
      spec.commandLine().getOut().println(line);
    }
    throw new CommandException(ExitCode.START_ERROR, path + ": the guest ended before it answered");
  }
}
