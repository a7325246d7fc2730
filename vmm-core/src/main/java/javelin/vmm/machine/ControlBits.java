package javelin.vmm.machine;

import java.util.Map;
import java.util.TreeMap;

/** Names of the bits of x86 control registers (Intel SDM volume 3A, 2.3 and 2.5; volume 4). */
final class ControlBits {
  static final long CR0_PE = 1;
  static final long CR0_PG = 1L << 31;
  static final long CR4_PSE = 1 << 4;
  static final long CR4_PAE = 1 << 5;
  static final long CR4_LA57 = 1 << 12;
  static final long EFER_LMA = 1 << 10;
  static final long EFER_NXE = 1 << 11;
  static final long RFLAGS_VM = 1 << 17;

  private static final Map<Integer, String> CR0 =
      names("0 PE 1 MP 2 EM 3 TS 4 ET 5 NE 16 WP 18 AM 29 NW 30 CD 31 PG");
  private static final Map<Integer, String> CR4 =
      names(
          "0 VME 1 PVI 2 TSD 3 DE 4 PSE 5 PAE 6 MCE 7 PGE 8 PCE 9 OSFXSR 10 OSXMMEXCPT 11 UMIP"
              + " 12 LA57 13 VMXE 14 SMXE 16 FSGSBASE 17 PCIDE 18 OSXSAVE 20 SMEP 21 SMAP 22 PKE"
              + " 23 CET 24 PKS");
  private static final Map<Integer, String> EFER =
      names("0 SCE 8 LME 10 LMA 11 NXE 12 SVME 13 LMSLE 14 FFXSR 15 TCE 21 AIBRSE");
  private static final Map<Integer, String> RFLAGS =
      names(
          "0 CF 2 PF 4 AF 6 ZF 7 SF 8 TF 9 IF 10 DF 11 OF 14 NT 16 RF 17 VM 18 AC 19 VIF 20 VIP 21 ID");

  private static Map<Integer, String> names(String text) {
    String[] words = text.split(" ", -1);
    Map<Integer, String> names = new TreeMap<>();
    for (int i = 0; i < words.length; i += 2) {
      names.put(Integer.valueOf(words[i]), words[i + 1]);
    }
    return names;
  }

  static String cr0(long value) {
    return describe(CR0, value);
  }

  static String cr4(long value) {
    return describe(CR4, value);
  }

  static String efer(long value) {
    return describe(EFER, value);
  }

  static String rflags(long value) {
    return describe(RFLAGS, value);
  }

  private static String describe(Map<Integer, String> names, long value) {
    StringBuilder text = new StringBuilder("[");
    names.forEach(
        (bit, name) -> {
          if ((value & 1L << bit) != 0) {
            text.append(text.length() == 1 ? "" : " ").append(name);
          }
        });
    return text.append("]").toString();
  }

  private ControlBits() {}
}
