package javelin.boot.cli;

import java.util.List;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi.IStyle;
import picocli.CommandLine.Help.Ansi.Text;
import picocli.CommandLine.Help.ColorScheme;
import picocli.CommandLine.Help.IParamLabelRenderer;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;

/** How help looks: options in the order of their importance, written as people type them. */
public final class HelpStyle {
  private static final int OPTION_WIDTH = 28;

  private HelpStyle() {}

  /** Sets the style of one command. */
  public static void apply(CommandSpec spec) {
    spec.usageMessage()
        .showDefaultValues(false)
        .abbreviateSynopsis(true)
        .sortOptions(false)
        .longOptionsMaxWidth(OPTION_WIDTH);
  }

  /** The help of one command. */
  public static Help help(CommandSpec spec, ColorScheme colors) {
    return new Help(spec, colors) {
      @Override
      public IParamLabelRenderer parameterLabelRenderer() {
        return spaced(super.parameterLabelRenderer(), colors);
      }
    };
  }

  /** {@code --memory SIZE}; both that and {@code --memory=SIZE} are understood. */
  private static IParamLabelRenderer spaced(IParamLabelRenderer renderer, ColorScheme colors) {
    return new IParamLabelRenderer() {
      @Override
      public Text renderParameterLabel(ArgSpec argument, Help.Ansi ansi, List<IStyle> styles) {
        Text label = renderer.renderParameterLabel(argument, ansi, styles);
        return label.plainString().startsWith("=")
            ? colors.text(" ").concat(label.substring(1))
            : label;
      }

      @Override
      public String separator() {
        return renderer.separator();
      }
    };
  }
}
