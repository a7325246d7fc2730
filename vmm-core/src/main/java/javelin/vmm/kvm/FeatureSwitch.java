package javelin.vmm.kvm;

import java.util.ArrayList;
import java.util.List;

/**
 * A CPU feature that is switched on or off against what KVM offers.
 *
 * @param feature the feature
 * @param on whether the guest has it
 */
public record FeatureSwitch(CpuidFeature feature, boolean on) {
  /**
   * The switch of the feature called {@code name}.
   *
   * @throws IllegalArgumentException where there is none, listing names that are nearly the same
   */
  public static FeatureSwitch of(String name, boolean on) {
    CpuidFeature feature =
        CpuidFeature.named(name).orElseThrow(() -> new IllegalArgumentException(unknown(name)));
    return new FeatureSwitch(feature, on);
  }

  /**
   * Reads switches separated by commas, such as {@code "-cx16,-xsave,+svm"}.
   *
   * @throws IllegalArgumentException naming what cannot be understood
   */
  public static List<FeatureSwitch> parse(String text) {
    List<FeatureSwitch> switches = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      String item = part.trim();
      if (item.length() < 2 || (item.charAt(0) != '-' && item.charAt(0) != '+')) {
        throw new IllegalArgumentException(
            "\"" + item + "\" is no switch like -cx16 (off) or +svm (on)");
      }
      switches.add(of(item.substring(1), item.charAt(0) == '+'));
    }
    return switches;
  }

  private static String unknown(String name) {
    List<String> near = CpuidFeature.near(name);
    return "no CPU feature is called \""
        + name
        + "\""
        + (near.isEmpty() ? "" : "; near it: " + String.join(", ", near));
  }

  @Override
  public String toString() {
    return (on ? "+" : "-") + feature;
  }
}
