package javelin.vmm.kvm;

import static javelin.vmm.kvm.CpuidRegister.EAX;
import static javelin.vmm.kvm.CpuidRegister.EBX;
import static javelin.vmm.kvm.CpuidRegister.ECX;
import static javelin.vmm.kvm.CpuidRegister.EDX;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * CPU features that a guest may be given or denied: where CPUID shows each, and which other ones it
 * cannot work without (Intel SDM volume 2A, CPUID; AMD APM volume 3, appendix E; KVM's
 * Documentation/virt/kvm/x86/cpuid.rst).
 *
 * <p>Names are those of /proc/cpuinfo with {@code -} for {@code _}; either is understood.
 */
public enum CpuidFeature {
  PNI("pni", 1, 0, ECX, 0),
  PCLMULQDQ("pclmulqdq", 1, 0, ECX, 1),
  MONITOR("monitor", 1, 0, ECX, 3),
  VMX("vmx", 1, 0, ECX, 5),
  SSSE3("ssse3", 1, 0, ECX, 9),
  CX16("cx16", 1, 0, ECX, 13),
  PCID("pcid", 1, 0, ECX, 17),
  SSE4_1("sse4-1", 1, 0, ECX, 19),
  SSE4_2("sse4-2", 1, 0, ECX, 20),
  X2APIC("x2apic", 1, 0, ECX, 21),
  MOVBE("movbe", 1, 0, ECX, 22),
  POPCNT("popcnt", 1, 0, ECX, 23),
  TSC_DEADLINE("tsc-deadline", 1, 0, ECX, 24),
  AES("aes", 1, 0, ECX, 25),
  XSAVE("xsave", 1, 0, ECX, 26),
  AVX("avx", 1, 0, ECX, 28, XSAVE),
  FMA("fma", 1, 0, ECX, 12, AVX),
  F16C("f16c", 1, 0, ECX, 29, AVX),
  RDRAND("rdrand", 1, 0, ECX, 30),
  HYPERVISOR("hypervisor", 1, 0, ECX, 31),
  SEP("sep", 1, 0, EDX, 11),
  CLFLUSH("clflush", 1, 0, EDX, 19),
  ARAT("arat", 6, 0, EAX, 2),
  FSGSBASE("fsgsbase", 7, 0, EBX, 0),
  TSC_ADJUST("tsc-adjust", 7, 0, EBX, 1),
  BMI1("bmi1", 7, 0, EBX, 3),
  HLE("hle", 7, 0, EBX, 4),
  AVX2("avx2", 7, 0, EBX, 5, AVX),
  SMEP("smep", 7, 0, EBX, 7),
  BMI2("bmi2", 7, 0, EBX, 8),
  ERMS("erms", 7, 0, EBX, 9),
  INVPCID("invpcid", 7, 0, EBX, 10, PCID),
  RTM("rtm", 7, 0, EBX, 11),
  MPX("mpx", 7, 0, EBX, 14, XSAVE),
  AVX512F("avx512f", 7, 0, EBX, 16, AVX2),
  AVX512DQ("avx512dq", 7, 0, EBX, 17, AVX512F),
  RDSEED("rdseed", 7, 0, EBX, 18),
  ADX("adx", 7, 0, EBX, 19),
  SMAP("smap", 7, 0, EBX, 20),
  AVX512IFMA("avx512ifma", 7, 0, EBX, 21, AVX512F),
  CLFLUSHOPT("clflushopt", 7, 0, EBX, 23),
  CLWB("clwb", 7, 0, EBX, 24),
  AVX512PF("avx512pf", 7, 0, EBX, 26, AVX512F),
  AVX512ER("avx512er", 7, 0, EBX, 27, AVX512F),
  AVX512CD("avx512cd", 7, 0, EBX, 28, AVX512F),
  SHA_NI("sha-ni", 7, 0, EBX, 29),
  AVX512BW("avx512bw", 7, 0, EBX, 30, AVX512F),
  AVX512VL("avx512vl", 7, 0, EBX, 31, AVX512F),
  AVX512VBMI("avx512vbmi", 7, 0, ECX, 1, AVX512BW),
  UMIP("umip", 7, 0, ECX, 2),
  PKU("pku", 7, 0, ECX, 3, XSAVE),
  WAITPKG("waitpkg", 7, 0, ECX, 5),
  AVX512VBMI2("avx512-vbmi2", 7, 0, ECX, 6, AVX512BW),
  SHSTK("shstk", 7, 0, ECX, 7),
  GFNI("gfni", 7, 0, ECX, 8),
  VAES("vaes", 7, 0, ECX, 9, AVX),
  VPCLMULQDQ("vpclmulqdq", 7, 0, ECX, 10, AVX),
  AVX512VNNI("avx512-vnni", 7, 0, ECX, 11, AVX512F),
  AVX512BITALG("avx512-bitalg", 7, 0, ECX, 12, AVX512BW),
  AVX512VPOPCNTDQ("avx512-vpopcntdq", 7, 0, ECX, 14, AVX512F),
  LA57("la57", 7, 0, ECX, 16),
  RDPID("rdpid", 7, 0, ECX, 22),
  CLDEMOTE("cldemote", 7, 0, ECX, 25),
  MOVDIRI("movdiri", 7, 0, ECX, 27),
  MOVDIR64B("movdir64b", 7, 0, ECX, 28),
  AVX512_4VNNIW("avx512-4vnniw", 7, 0, EDX, 2, AVX512F),
  AVX512_4FMAPS("avx512-4fmaps", 7, 0, EDX, 3, AVX512F),
  FSRM("fsrm", 7, 0, EDX, 4),
  AVX512VP2INTERSECT("avx512-vp2intersect", 7, 0, EDX, 8, AVX512F),
  MD_CLEAR("md-clear", 7, 0, EDX, 10),
  SERIALIZE("serialize", 7, 0, EDX, 14),
  IBT("ibt", 7, 0, EDX, 20),
  AMX_TILE("amx-tile", 7, 0, EDX, 24, XSAVE),
  AMX_BF16("amx-bf16", 7, 0, EDX, 22, AMX_TILE),
  AMX_INT8("amx-int8", 7, 0, EDX, 25, AMX_TILE),
  AVX512FP16("avx512-fp16", 7, 0, EDX, 23, AVX512BW),
  SPEC_CTRL("spec-ctrl", 7, 0, EDX, 26),
  STIBP("intel-stibp", 7, 0, EDX, 27),
  FLUSH_L1D("flush-l1d", 7, 0, EDX, 28),
  ARCH_CAPABILITIES("arch-capabilities", 7, 0, EDX, 29),
  SSBD("spec-ctrl-ssbd", 7, 0, EDX, 31),
  AVX_VNNI("avx-vnni", 7, 1, EAX, 4, AVX2),
  AVX512BF16("avx512-bf16", 7, 1, EAX, 5, AVX512BW),
  AMX_FP16("amx-fp16", 7, 1, EAX, 21, AMX_TILE),
  AVX_IFMA("avx-ifma", 7, 1, EAX, 23, AVX2),
  AVX_VNNI_INT8("avx-vnni-int8", 7, 1, EDX, 4, AVX2),
  AVX_NE_CONVERT("avx-ne-convert", 7, 1, EDX, 5, AVX2),
  XSAVEOPT("xsaveopt", 0xd, 1, EAX, 0, XSAVE),
  XSAVEC("xsavec", 0xd, 1, EAX, 1, XSAVE),
  XGETBV1("xgetbv1", 0xd, 1, EAX, 2, XSAVE),
  XSAVES("xsaves", 0xd, 1, EAX, 3, XSAVEC),
  XFD("xfd", 0xd, 1, EAX, 4, XSAVE),
  KVMCLOCK("kvmclock", 0x4000_0001, 0, EAX, 0),
  KVM_NOP_IO_DELAY("kvm-nopiodelay", 0x4000_0001, 0, EAX, 1),
  KVMCLOCK2("kvmclock2", 0x4000_0001, 0, EAX, 3, KVMCLOCK),
  KVM_ASYNC_PF("kvm-asyncpf", 0x4000_0001, 0, EAX, 4),
  KVM_STEAL_TIME("kvm-steal-time", 0x4000_0001, 0, EAX, 5),
  KVM_PV_EOI("kvm-pv-eoi", 0x4000_0001, 0, EAX, 6),
  KVM_PV_UNHALT("kvm-pv-unhalt", 0x4000_0001, 0, EAX, 7),
  KVM_PV_TLB_FLUSH("kvm-pv-tlb-flush", 0x4000_0001, 0, EAX, 9),
  KVM_PV_IPI("kvm-pv-ipi", 0x4000_0001, 0, EAX, 11),
  KVM_POLL_CONTROL("kvm-poll-control", 0x4000_0001, 0, EAX, 12),
  KVM_PV_SCHED_YIELD("kvm-pv-sched-yield", 0x4000_0001, 0, EAX, 13),
  KVMCLOCK_STABLE("kvmclock-stable", 0x4000_0001, 0, EAX, 24, KVMCLOCK),
  LAHF_LM("lahf-lm", 0x8000_0001, 0, ECX, 0),
  SVM("svm", 0x8000_0001, 0, ECX, 2),
  ABM("abm", 0x8000_0001, 0, ECX, 5),
  SSE4A("sse4a", 0x8000_0001, 0, ECX, 6),
  MISALIGNSSE("misalignsse", 0x8000_0001, 0, ECX, 7),
  PREFETCHW("3dnowprefetch", 0x8000_0001, 0, ECX, 8),
  OSVW("osvw", 0x8000_0001, 0, ECX, 9),
  XOP("xop", 0x8000_0001, 0, ECX, 11, AVX),
  FMA4("fma4", 0x8000_0001, 0, ECX, 16, AVX),
  TBM("tbm", 0x8000_0001, 0, ECX, 21),
  TOPOEXT("topoext", 0x8000_0001, 0, ECX, 22),
  PERFCTR_CORE("perfctr-core", 0x8000_0001, 0, ECX, 23),
  NX("nx", 0x8000_0001, 0, EDX, 20),
  PDPE1GB("pdpe1gb", 0x8000_0001, 0, EDX, 26),
  RDTSCP("rdtscp", 0x8000_0001, 0, EDX, 27),
  INVTSC("invtsc", 0x8000_0007, 0, EDX, 8),
  CLZERO("clzero", 0x8000_0008, 0, EBX, 0),
  XSAVEERPTR("xsaveerptr", 0x8000_0008, 0, EBX, 2, XSAVE),
  WBNOINVD("wbnoinvd", 0x8000_0008, 0, EBX, 9),
  IBPB("ibpb", 0x8000_0008, 0, EBX, 12),
  IBRS("ibrs", 0x8000_0008, 0, EBX, 14),
  AMD_STIBP("stibp", 0x8000_0008, 0, EBX, 15),
  AMD_SSBD("ssbd", 0x8000_0008, 0, EBX, 24),
  VIRT_SSBD("virt-ssbd", 0x8000_0008, 0, EBX, 25);

  private static final int NEAR = 2;

  private final String label;
  private final int function;
  private final int index;
  private final CpuidRegister register;
  private final int bit;
  private final CpuidFeature needs;

  CpuidFeature(String label, int function, int index, CpuidRegister register, int bit) {
    this(label, function, index, register, bit, null);
  }

  CpuidFeature(
      String label, int function, int index, CpuidRegister register, int bit, CpuidFeature needs) {
    this.label = label;
    this.function = function;
    this.index = index;
    this.register = register;
    this.bit = bit;
    this.needs = needs;
  }

  /** The name on the command line. */
  public String label() {
    return label;
  }

  /** What this feature cannot work without. */
  public Optional<CpuidFeature> needs() {
    return Optional.ofNullable(needs);
  }

  /** Whether this is {@code other} or cannot work without it. */
  public boolean isOrNeeds(CpuidFeature other) {
    return this == other || (needs != null && needs.isOrNeeds(other));
  }

  /** Whether {@code table} shows it. */
  public boolean isIn(CpuidTable table) {
    return (table.get(function, index, register) & 1 << bit) != 0;
  }

  /** Shows it in {@code table} or hides it; a leaf that is not there stays away. */
  public void set(CpuidTable table, boolean on) {
    int mask = 1 << bit;
    table
        .find(function, index)
        .map(e -> e.withBits(register, mask, on ? mask : 0))
        .ifPresent(table::put);
  }

  /** The feature of that name in any of its spellings. */
  public static Optional<CpuidFeature> named(String name) {
    String key = key(name);
    return Arrays.stream(values()).filter(f -> f.keys().anyMatch(key::equals)).findFirst();
  }

  /** Names that are spelt nearly like {@code name}, the nearest first, at most five. */
  public static List<String> near(String name) {
    String key = key(name);
    return Arrays.stream(values())
        .map(CpuidFeature::label)
        .filter(label -> isNear(key, key(label)))
        .sorted(Comparator.comparingInt(label -> distance(key, key(label))))
        .limit(5)
        .toList();
  }

  private static boolean isNear(String key, String candidate) {
    return distance(key, candidate) <= Math.min(NEAR, key.length() / 2)
        || (key.length() > NEAR && candidate.startsWith(key));
  }

  /** Spellings differ in their punctuation. */
  private static String key(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[-_.]", "");
  }

  private Stream<String> keys() {
    String other =
        switch (this) {
          case PNI -> "sse3";
          case TSC_DEADLINE -> "tscdeadlinetimer";
          case ABM -> "lzcnt";
          default -> key(label);
        };
    return Stream.of(key(label), other);
  }

  /** Levenshtein's distance. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    Arrays.setAll(row, i -> i);
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replace = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replace, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }

  @Override
  public String toString() {
    return label;
  }
}
