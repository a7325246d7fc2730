package javelin.vmm.kvm;

import static javelin.vmm.kvm.CpuidRegister.EAX;
import static javelin.vmm.kvm.CpuidRegister.EBX;
import static javelin.vmm.kvm.CpuidRegister.ECX;
import static javelin.vmm.kvm.CpuidRegister.EDX;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NoLeaks;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CpuidShaperTest {
  private static final CpuTopology TWO_BY_FOUR_BY_TWO = new CpuTopology(2, 4, 2);

  private static CpuidShaper shaper(CpuidTable host, CpuTopology topology, String switches) {
    return new CpuidShaper(
        host,
        new CpuidShape(
            topology, true, true, switches.isEmpty() ? List.of() : FeatureSwitch.parse(switches)));
  }

  private static CpuidTable shaped(CpuidTable host, CpuTopology topology, int vcpu) {
    return shaper(host, topology, "").forVcpu(vcpu);
  }

  private static CpuidTable switched(CpuidTable host, String switches) {
    return shaper(host, CpuTopology.flat(1), switches).forVcpu(0);
  }

  @Test
  void shouldGiveTheApicIdInEachLeafOnIntel() {
    Set<Integer> ids = new HashSet<>();
    for (int vcpu = 0; vcpu < 16; vcpu++) {
      CpuidTable table = shaped(TestCpuid.intel(), TWO_BY_FOUR_BY_TWO, vcpu);
      int id = TWO_BY_FOUR_BY_TWO.apicId(vcpu);
      ids.add(id);
      assertThat(table.get(1, 0, EBX) >>> 24).isEqualTo(id);
      for (int leaf : new int[] {0xb, 0x1f}) {
        for (int index = 0; index < 3; index++) {
          assertThat(table.get(leaf, index, EDX)).isEqualTo(id);
        }
      }
    }
    assertThat(ids).hasSize(16);
  }

  @Test
  void shouldCountThreadsAndCoresOnIntel() {
    CpuidTable table = shaped(TestCpuid.intel(), TWO_BY_FOUR_BY_TWO, 11);
    assertThat(TWO_BY_FOUR_BY_TWO.apicId(11)).as("package 1, core 1, thread 1").isEqualTo(0b1_01_1);
    assertThat(table.get(1, 0, EBX) >>> 16 & 0xff).isEqualTo(8);
    assertThat(table.get(1, 0, EBX) & 0xffff).as("CLFLUSH size kept").isEqualTo(0x0800);
    assertThat(table.get(1, 0, EDX) & 1 << 28).as("HTT").isNotZero();
    assertThat(table.get(4, 0, EAX)).as("L1: 2 threads; 4 cores").isEqualTo(0x0c00_4121);
    assertThat(table.get(4, 2, EAX)).as("L2: 2 threads").isEqualTo(0x0c00_4143);
    assertThat(table.get(4, 3, EAX)).as("L3: 8 threads").isEqualTo(0x0c01_c163);
    assertThat(table.find(4, 4)).as("the end").isEqualTo(TestCpuid.intel().find(4, 4));
    assertLevel(table, 0, 1, 2, 0x100);
    assertLevel(table, 1, 3, 8, 0x201);
    assertLevel(table, 2, 0, 0, 2);
  }

  private static void assertLevel(CpuidTable table, int index, int eax, int ebx, int ecx) {
    for (int leaf : new int[] {0xb, 0x1f}) {
      assertThat(table.get(leaf, index, EAX)).as("shift").isEqualTo(eax);
      assertThat(table.get(leaf, index, EBX)).as("processors").isEqualTo(ebx);
      assertThat(table.get(leaf, index, ECX)).as("type and sub-leaf").isEqualTo(ecx);
      assertThat(table.find(leaf, index).orElseThrow().flags()).isEqualTo(1);
    }
  }

  @Test
  void shouldShowOneProcessorAsOne() {
    CpuidTable table = shaped(TestCpuid.intel(), CpuTopology.flat(1), 0);
    assertThat(table.get(1, 0, EBX) >>> 16).isEqualTo(1);
    assertThat(table.get(1, 0, EDX) & 1 << 28).as("HTT").isZero();
    assertThat(table.get(4, 3, EAX)).isEqualTo(0x0000_0163);
    assertLevel(table, 0, 0, 1, 0x100);
    assertLevel(table, 1, 0, 1, 0x201);
    CpuidTable amd = shaped(TestCpuid.amd(), CpuTopology.flat(1), 0);
    assertThat(amd.get(0x8000_0001, 0, ECX) & 2).as("CmpLegacy").isZero();
    assertThat(amd.get(0x8000_0008, 0, ECX)).isZero();
  }

  @Test
  void shouldShowCoresOnAmd() {
    CpuidTable table = shaped(TestCpuid.amd(), new CpuTopology(2, 3, 2), 9);
    int id = 1 << 3 | 1 << 1 | 1;
    assertThat(table.get(1, 0, EBX) >>> 24).isEqualTo(id);
    assertThat(table.get(0x8000_0001, 0, ECX) & 2).as("CmpLegacy").isNotZero();
    assertThat(table.get(0x8000_0008, 0, ECX)).as("3 bits, 6 processors").isEqualTo(0x3005);
    assertThat(table.get(0x8000_0008, 0, EAX)).as("address sizes kept").isEqualTo(0x3030);
    assertThat(table.get(0x8000_001d, 0, EAX)).as("L1: 2 threads").isEqualTo(0x4121);
    assertThat(table.get(0x8000_001d, 3, EAX)).as("L3: 8 ids").isEqualTo(0x1_c163);
    assertThat(table.find(0x8000_001e, 0))
        .contains(new CpuidEntry(0x8000_001e, 0, 0, id, 0x101, 1, 0));
    assertThat(table.find(0x8000_0026, 0)).as("the host's topology").isEmpty();
    assertThat(table.get(0xb, 1, EBX)).isEqualTo(6);
    assertThat(table.find(0x1f, 0)).as("beyond the highest leaf").isEmpty();
    assertThat(table.find(4, 0)).as("no leaf of AMD").isEmpty();
  }

  @Test
  void shouldFitSixtyFourCores() {
    CpuidTable table = shaped(TestCpuid.intel(), CpuTopology.flat(64), 63);
    assertThat(table.get(1, 0, EBX) >>> 16).isEqualTo(63 << 8 | 64);
    assertThat(table.get(4, 0, EAX)).isEqualTo(0xfc00_0121);
    assertThat(table.get(4, 3, EAX)).isEqualTo(0xfc0f_c163);
    assertThat(table.get(0xb, 1, EAX)).isEqualTo(6);
  }

  @Test
  void shouldKeepTheHypervisorLeavesAndTheBrand() {
    for (CpuidTable host : List.of(TestCpuid.intel(), TestCpuid.amd())) {
      CpuidTable table = shaped(host, CpuTopology.flat(2), 1);
      assertThat(table.get(1, 0, ECX) & 1 << 31).isNotZero();
      for (int leaf = 0x4000_0000; leaf <= 0x4000_0001; leaf++) {
        assertThat(table.find(leaf, 0)).isEqualTo(host.find(leaf, 0)).isPresent();
      }
      for (int leaf = 0x8000_0002; leaf <= 0x8000_0004; leaf++) {
        assertThat(table.find(leaf, 0)).isEqualTo(host.find(leaf, 0)).isPresent();
      }
      for (int index = 0; index < 32; index++) {
        assertThat(table.find(0xd, index)).isEqualTo(host.find(0xd, index));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"true, true", "true, false", "false, true", "false, false"})
  void shouldShowTimerAndX2apicAsOffered(boolean tscDeadline, boolean x2apic) {
    CpuidShape shape = new CpuidShape(CpuTopology.flat(1), tscDeadline, x2apic, List.of());
    CpuidTable table = new CpuidShaper(TestCpuid.amd(), shape).forVcpu(0);
    assertThat(CpuidFeature.TSC_DEADLINE.isIn(table)).isEqualTo(tscDeadline);
    assertThat(CpuidFeature.X2APIC.isIn(table)).isEqualTo(x2apic);
    assertThat(new CpuidShaper(TestCpuid.amd(), shape).has(CpuidFeature.X2APIC)).isEqualTo(x2apic);
  }

  @Test
  void shouldClearWhatFollowsTheGuestsControlRegisters() {
    CpuidTable host = TestCpuid.intel();
    assertThat(host.get(1, 0, ECX) & 1 << 27).isNotZero();
    assertThat(host.get(7, 0, ECX) & 1 << 4).isNotZero();
    CpuidTable table = switched(host, "");
    assertThat(table.get(1, 0, ECX) & 1 << 27).as("OSXSAVE").isZero();
    assertThat(table.get(7, 0, ECX)).as("OSPKE").isEqualTo(host.get(7, 0, ECX) & ~(1 << 4));
    assertThat(table.get(7, 0, EBX)).isEqualTo(host.get(7, 0, EBX));
    assertThat(table.get(7, 0, EDX)).isEqualTo(host.get(7, 0, EDX));
  }

  @Test
  void shouldHideNestedVirtualisationUnlessSwitchedOn() {
    assertThat(CpuidFeature.VMX.isIn(TestCpuid.intel())).isTrue();
    assertThat(CpuidFeature.VMX.isIn(switched(TestCpuid.intel(), ""))).isFalse();
    assertThat(CpuidFeature.VMX.isIn(switched(TestCpuid.intel(), "+vmx"))).isTrue();
    assertThat(CpuidFeature.SVM.isIn(switched(TestCpuid.amd(), ""))).isFalse();
    assertThat(switched(TestCpuid.amd(), "").get(0x8000_000a, 0, EDX)).isZero();
    assertThat(CpuidFeature.SVM.isIn(switched(TestCpuid.amd(), "+svm"))).isTrue();
    assertThat(switched(TestCpuid.amd(), "+svm").get(0x8000_000a, 0, EDX)).isEqualTo(0x00b9_bcff);
    assertThat(CpuidFeature.SVM.isIn(switched(TestCpuid.amd(), "+svm,-svm"))).isFalse();
  }

  @Test
  void shouldHideWhatNeedsXsaveAndItsLeaf() {
    CpuidTable table = switched(TestCpuid.intel(), "-xsave");
    for (CpuidFeature feature :
        List.of(
            CpuidFeature.XSAVE,
            CpuidFeature.AVX,
            CpuidFeature.AVX2,
            CpuidFeature.FMA,
            CpuidFeature.F16C,
            CpuidFeature.AVX512F,
            CpuidFeature.AVX512BW,
            CpuidFeature.AVX_VNNI,
            CpuidFeature.VAES,
            CpuidFeature.PKU,
            CpuidFeature.AMX_INT8,
            CpuidFeature.XSAVEOPT)) {
      assertThat(feature.isIn(TestCpuid.intel())).as("host has " + feature).isTrue();
      assertThat(feature.isIn(table)).as("guest has " + feature).isFalse();
    }
    assertThat(table.find(0xd, 0)).contains(new CpuidEntry(0xd, 0, 1, 0, 0, 0, 0));
    assertThat(table.find(0xd, 1)).isEmpty();
    assertThat(table.find(0xd, 2)).isEmpty();
    assertThat(CpuidFeature.SSE4_2.isIn(table)).isTrue();
    assertThat(CpuidFeature.CX16.isIn(table)).isTrue();
  }

  @Test
  void shouldTakeTheStateOfHiddenFeaturesOutOfXsave() {
    CpuidTable table = switched(TestCpuid.intel(), "-avx512f,-amx-tile");
    assertThat(table.get(0xd, 0, EAX)).as("x87, SSE, AVX, PKRU").isEqualTo(0x207);
    assertThat(table.get(0xd, 0, ECX)).as("up to the end of PKRU").isEqualTo(0xa88);
    assertThat(table.find(0xd, 5)).isEmpty();
    assertThat(table.find(0xd, 9)).isPresent();
    assertThat(table.find(0xd, 18)).isEmpty();
    CpuidTable plain = switched(TestCpuid.amd(), "-avx,-pku");
    assertThat(plain.get(0xd, 0, EAX)).isEqualTo(3);
    assertThat(plain.get(0xd, 0, ECX)).isEqualTo(576);
    assertThat(CpuidFeature.XSAVEC.isIn(plain)).isTrue();
  }

  @Test
  void shouldHideOneFeatureOnly() {
    CpuidTable table = switched(TestCpuid.amd(), "-cx16");
    assertThat(table.get(1, 0, ECX))
        .isEqualTo(switched(TestCpuid.amd(), "").get(1, 0, ECX) & ~(1 << 13));
    assertThat(table.get(7, 0, EBX)).isEqualTo(TestCpuid.amd().get(7, 0, EBX));
  }

  @Test
  void shouldRefuseToSwitchOnWhatThereIsNot() {
    assertThatThrownBy(() -> switched(TestCpuid.intel(), "+svm"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("+svm: this host's KVM does not offer it");
    assertThatThrownBy(() -> switched(TestCpuid.intel(), "-xsave,+avx2"))
        .hasMessage("+avx2 needs xsave, which is switched off");
    CpuidShape noX2apic =
        new CpuidShape(CpuTopology.flat(1), true, false, FeatureSwitch.parse("+x2apic"));
    assertThatThrownBy(() -> new CpuidShaper(TestCpuid.amd(), noX2apic))
        .hasMessage("+x2apic: this host's KVM does not offer it");
  }

  @Test
  void shouldMakeANewTableForEachVcpuAndLeaveTheHostsAlone() {
    CpuidTable host = TestCpuid.amd();
    CpuidShaper shaper = shaper(host, CpuTopology.flat(4), "-cx16");
    CpuidTable first = shaper.forVcpu(0);
    first.remove(1);
    assertThat(shaper.forVcpu(0).find(1, 0)).isPresent();
    assertThat(host.entries()).isEqualTo(TestCpuid.amd().entries());
    assertThatThrownBy(() -> shaper.forVcpu(4)).hasMessage("no vCPU 4 among 4");
    assertThatThrownBy(() -> shaper.forVcpu(-1)).hasMessage("no vCPU -1 among 4");
  }

  @Test
  void shouldKnowThePhysicalAddressWidth() {
    assertThat(shaper(TestCpuid.intel(), CpuTopology.flat(1), "").physicalAddressBits())
        .isEqualTo(46);
    CpuidTable old = TestCpuid.intel();
    old.remove(0x8000_0008);
    assertThat(shaper(old, CpuTopology.flat(1), "").physicalAddressBits()).isEqualTo(36);
  }

  @ParameterizedTest
  @CsvSource({"0, 1, 1", "1, 0, 1", "1, 1, -1", "65536, 65536, 2"})
  void shouldRefuseAnImpossibleTopology(int packages, int cores, int threads) {
    assertThatThrownBy(() -> new CpuTopology(packages, cores, threads))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("CPU topology");
  }

  @Test
  @Tag("kvm")
  void shouldBeTakenByKvm() throws Exception {
    KvmAvailable.assumeKvm();
    NoLeaks.noLeaks(
        () -> {
          try (KvmSystem kvm = KvmSystem.open(Linux.system(), KvmSystem.DEVICE);
              KvmVm vm = kvm.createVm()) {
            vm.createIrqchip();
            CpuidTable offered = CpuidTable.decode(kvm.supportedCpuid());
            assertThat(offered.entries()).isNotEmpty();
            boolean deadline = kvm.check(KvmCapability.TSC_DEADLINE_TIMER) != 0;
            CpuidShape shape =
                new CpuidShape(
                    CpuTopology.flat(4), deadline, true, FeatureSwitch.parse("-cx16,-xsave"));
            CpuidShaper shaper = new CpuidShaper(offered, shape);
            for (int i = 0; i < 4; i++) {
              try (KvmVcpu vcpu = vm.createVcpu(i)) {
                vcpu.cpuid(shaper.forVcpu(i).encode());
              }
            }
          }
        });
  }
}
