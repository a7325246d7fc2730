package javelin.vmm.kvm;

import static javelin.vmm.kvm.CpuidRegister.EAX;
import static javelin.vmm.kvm.CpuidRegister.EBX;
import static javelin.vmm.kvm.CpuidRegister.ECX;

import java.util.EnumSet;
import java.util.Set;

/**
 * Makes each vCPU's CPUID from what KVM offers: features first, the same for all, then the
 * processor's place in the topology.
 *
 * <p>Nested virtualisation (svm, vmx) is hidden unless it is switched on. Bits that follow the
 * guest's own control registers (OSXSAVE, OSPKE) start as 0; KVM keeps them.
 */
public final class CpuidShaper {
  private static final int FEATURES = 1;
  private static final int STRUCTURED_FEATURES = 7;
  private static final int XSTATE = 0xd;
  private static final int SVM_FEATURES = 0x8000_000a;
  private static final int OSXSAVE = 1 << 27;
  private static final int OSPKE = 1 << 4;

  /** XSAVE's legacy area and header, in bytes (Intel SDM volume 1, 13.4). */
  private static final int XSAVE_LEGACY_LENGTH = 512 + 64;

  private final CpuidTopologyLeaves topology;
  private final CpuidTable common;

  /**
   * Prepares what all vCPUs have in common.
   *
   * @param offered what KVM offers, from {@link KvmSystem#supportedCpuid}
   * @throws IllegalArgumentException naming a switch that cannot be honoured
   */
  public CpuidShaper(CpuidTable offered, CpuidShape shape) {
    topology = new CpuidTopologyLeaves(shape.topology());
    common = offered.copy();
    CpuidFeature.HYPERVISOR.set(common, true);
    CpuidFeature.TSC_DEADLINE.set(common, shape.tscDeadline());
    CpuidFeature.X2APIC.set(common, shape.x2apic());
    common.update(FEATURES, entry -> entry.withBits(ECX, OSXSAVE, 0));
    common.update(
        STRUCTURED_FEATURES, entry -> entry.index() == 0 ? entry.withBits(ECX, OSPKE, 0) : entry);
    hide(switchedOff(shape));
  }

  private Set<CpuidFeature> switchedOff(CpuidShape shape) {
    Set<CpuidFeature> off = EnumSet.of(CpuidFeature.SVM, CpuidFeature.VMX);
    Set<CpuidFeature> on = EnumSet.noneOf(CpuidFeature.class);
    for (FeatureSwitch each : shape.switches()) {
      // The last word on a feature counts.
      (each.on() ? on : off).add(each.feature());
      (each.on() ? off : on).remove(each.feature());
    }
    for (CpuidFeature feature : on) {
      for (CpuidFeature other : off) {
        if (feature.isOrNeeds(other)) {
          throw new IllegalArgumentException(
              String.format("+%s needs %s, which is switched off", feature, other));
        }
      }
      if (!feature.isIn(common)) {
        throw new IllegalArgumentException(
            String.format("+%s: this host's KVM does not offer it", feature));
      }
    }
    return off;
  }

  private void hide(Set<CpuidFeature> off) {
    boolean touchesXstate = false;
    for (CpuidFeature feature : CpuidFeature.values()) {
      if (off.stream().anyMatch(feature::isOrNeeds)) {
        touchesXstate |= feature.isIn(common) && feature.isOrNeeds(CpuidFeature.XSAVE);
        feature.set(common, false);
      }
    }
    if (!CpuidFeature.SVM.isIn(common)) {
      common.update(SVM_FEATURES, e -> new CpuidEntry(e.function(), 0, e.flags(), 0, 0, 0, 0));
    }
    if (!CpuidFeature.XSAVE.isIn(common)) {
      common.remove(XSTATE);
      // Without an entry the guest would read the highest basic leaf's answer on Intel.
      common.put(new CpuidEntry(XSTATE, 0, CpuidEntry.INDEX_COUNTS, 0, 0, 0, 0));
    } else if (touchesXstate) {
      dropStateComponents();
    }
  }

  /** Takes state that no feature of the guest uses out of leaf 0xD, sizes and all. */
  private void dropStateComponents() {
    int unused = 0;
    unused |= CpuidFeature.AVX.isIn(common) ? 0 : 1 << 2;
    unused |= CpuidFeature.MPX.isIn(common) ? 0 : 3 << 3;
    unused |= CpuidFeature.AVX512F.isIn(common) ? 0 : 7 << 5;
    unused |= CpuidFeature.PKU.isIn(common) ? 0 : 1 << 9;
    unused |= CpuidFeature.AMX_TILE.isIn(common) ? 0 : 3 << 17;
    int components = common.get(XSTATE, 0, EAX) & ~unused;
    int length = XSAVE_LEGACY_LENGTH;
    for (int i = 2; i < Integer.SIZE; i++) {
      if ((unused & 1 << i) != 0) {
        common.remove(XSTATE, i);
      } else if ((components & 1 << i) != 0) {
        length = Math.max(length, common.get(XSTATE, i, EAX) + common.get(XSTATE, i, EBX));
      }
    }
    int total = length;
    common.update(
        XSTATE,
        entry ->
            entry.index() == 0
                ? entry.with(EAX, components).with(EBX, total).with(ECX, total)
                : entry);
  }

  /** The table of vCPU {@code index}, counted from 0: a new one at each call. */
  public CpuidTable forVcpu(int index) {
    CpuidTable table = common.copy();
    topology.apply(table, index);
    return table;
  }

  /** Whether guests get {@code feature}. */
  public boolean has(CpuidFeature feature) {
    return feature.isIn(common);
  }

  /** Bits of a guest-physical address, from leaf 0x80000008; 36 where that is missing. */
  public int physicalAddressBits() {
    int bits = common.get(0x8000_0008, 0, EAX) & 0xff;
    return bits == 0 ? 36 : bits;
  }
}
