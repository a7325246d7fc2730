package javelin.boot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

class SubcommandsTest {
  private final List<String> built = new ArrayList<>();
  private final CommandSpec parent = CommandSpec.create().name("parent");

  /** A command that ends with its exit code. */
  private Command command(String name, int exitCode) {
    built.add(name);
    CommandSpec spec = CommandSpec.create();
    return new Command() {
      @Override
      public CommandSpec spec() {
        return spec;
      }

      @Override
      public int run(ParseResult arguments) {
        return exitCode;
      }
    };
  }

  private Subcommands subcommands(String... arguments) {
    Subcommands subcommands =
        new Subcommands().with("one", () -> command("one", 1)).with("two", () -> command("two", 2));
    subcommands.addTo(parent, List.of(arguments));
    return subcommands;
  }

  @Test
  void shouldBuildOnlyTheOneThatIsAskedFor() throws Exception {
    Subcommands subcommands = subcommands("two");

    assertThat(built).containsExactly("two");
    assertThat(subcommands.run(new CommandLine(parent).parseArgs("two"))).isEqualTo(2);
  }

  @Test
  void shouldBuildAllWhenNoneIsNamed() {
    subcommands();
    assertThat(built).containsExactly("one", "two");
  }

  @Test
  void shouldBuildAllWhenAnOptionComesFirst() {
    subcommands("--help");
    assertThat(built).containsExactly("one", "two");
  }

  @Test
  void shouldShowHelpWhenPciIsGivenNoCommand() {
    CommandRun run = CommandRun.of("pci");

    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("Usage: javelin pci");
  }
}
