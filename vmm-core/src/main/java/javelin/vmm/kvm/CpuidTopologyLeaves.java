package javelin.vmm.kvm;

import static javelin.vmm.kvm.CpuidRegister.EAX;
import static javelin.vmm.kvm.CpuidRegister.EBX;
import static javelin.vmm.kvm.CpuidRegister.ECX;
import static javelin.vmm.kvm.CpuidRegister.EDX;

import java.util.Set;

/**
 * The CPUID leaves that say where a processor stands: 1, 4, 0xB and 0x1F (Intel SDM volume 2A,
 * CPUID), 0x80000001, 0x80000008, 0x8000001D and 0x8000001E (AMD APM volume 3, appendix E.4).
 */
final class CpuidTopologyLeaves {
  private static final Set<String> AMD_VENDORS = Set.of("AuthenticAMD", "HygonGenuine");

  private static final int FEATURES = 1;
  private static final int HTT = 1 << 28;
  private static final int CACHES = 4;
  private static final int[] EXTENDED_TOPOLOGY = {0xb, 0x1f};
  private static final int LEVEL_THREADS = 1;
  private static final int LEVEL_CORES = 2;
  private static final int AMD_FEATURES = 0x8000_0001;
  private static final int CMP_LEGACY = 1 << 1;
  private static final int AMD_SIZES = 0x8000_0008;
  private static final int AMD_CACHES = 0x8000_001d;
  private static final int AMD_IDS = 0x8000_001e;
  private static final int AMD_EXTENDED_TOPOLOGY = 0x8000_0026;
  private static final int SHARED_BY_PACKAGE_LEVEL = 3;

  private final CpuTopology topology;

  CpuidTopologyLeaves(CpuTopology topology) {
    this.topology = topology;
  }

  void apply(CpuidTable table, int vcpu) {
    int apicId = topology.apicId(vcpu);
    boolean isAmd = AMD_VENDORS.contains(table.vendor());
    features(table, apicId);
    table.update(CACHES, entry -> cores(sharing(entry)));
    for (int leaf : EXTENDED_TOPOLOGY) {
      if (Integer.compareUnsigned(table.highestBasicLeaf(), leaf) >= 0) {
        levels(table, leaf, apicId);
      }
    }
    if (isAmd) {
      amd(table, vcpu, apicId);
    }
  }

  /** Addressable ids below the package's number: the count rounded up to a power of two. */
  private int idsPerPackage() {
    return 1 << topology.packageShift();
  }

  private void features(CpuidTable table, int apicId) {
    int ids = Math.min(idsPerPackage(), 0xff);
    boolean several = topology.cpusPerPackage() > 1;
    table.update(
        FEATURES,
        entry ->
            entry
                .withBits(EBX, 0xffff_0000, apicId << 24 | ids << 16)
                .withBits(EDX, HTT, several ? HTT : 0));
  }

  /** EAX 25:14 of leaves 4 and 0x8000001D: ids that share the cache, less one. */
  private CpuidEntry sharing(CpuidEntry entry) {
    int type = entry.eax() & 0x1f;
    if (type == 0) {
      return entry;
    }
    int level = entry.eax() >>> 5 & 7;
    int ids = level >= SHARED_BY_PACKAGE_LEVEL ? idsPerPackage() : 1 << topology.threadBits();
    return entry.withBits(EAX, 0xfff << 14, Math.min(ids - 1, 0xfff) << 14);
  }

  /** EAX 31:26 of leaf 4: core ids of the package, less one. */
  private CpuidEntry cores(CpuidEntry entry) {
    if ((entry.eax() & 0x1f) == 0) {
      return entry;
    }
    int ids = 1 << (topology.packageShift() - topology.threadBits());
    return entry.withBits(EAX, 0x3f << 26, Math.min(ids - 1, 0x3f) << 26);
  }

  private void levels(CpuidTable table, int leaf, int apicId) {
    table.remove(leaf);
    level(table, leaf, 0, LEVEL_THREADS, topology.threadBits(), topology.threads(), apicId);
    level(table, leaf, 1, LEVEL_CORES, topology.packageShift(), topology.cpusPerPackage(), apicId);
    level(table, leaf, 2, 0, 0, 0, apicId);
  }

  private static void level(
      CpuidTable table, int leaf, int index, int type, int shift, int cpus, int apicId) {
    table.put(
        new CpuidEntry(
            leaf, index, CpuidEntry.INDEX_COUNTS, shift, cpus, type << 8 | index, apicId));
  }

  private void amd(CpuidTable table, int vcpu, int apicId) {
    int cpus = topology.cpusPerPackage();
    table.update(AMD_FEATURES, entry -> entry.withBits(ECX, CMP_LEGACY, cpus > 1 ? CMP_LEGACY : 0));
    table.update(
        AMD_SIZES,
        entry ->
            entry.withBits(ECX, 0xf0ff, topology.packageShift() << 12 | Math.min(cpus - 1, 0xff)));
    table.update(AMD_CACHES, this::sharing);
    if (CpuidFeature.TOPOEXT.isIn(table) && table.reachesExtendedLeaf(AMD_IDS)) {
      // One node (memory controller) in each package.
      int ids = (topology.threads() - 1) << 8 | topology.coreOf(vcpu);
      table.put(new CpuidEntry(AMD_IDS, 0, 0, apicId, ids, topology.packageOf(vcpu), 0));
    }
    // Of the host's own topology; without it guests read the leaves above.
    table.remove(AMD_EXTENDED_TOPOLOGY);
  }
}
