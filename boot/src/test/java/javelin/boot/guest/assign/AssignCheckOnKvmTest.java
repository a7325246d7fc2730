package javelin.boot.guest.assign;

import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import javelin.boot.machine.AssignSpec;
import javelin.boot.machine.GuestImage;
import javelin.boot.machine.MachineConfig;
import javelin.boot.machine.PcMachine;
import javelin.devices.console.MemoryBackend;
import javelin.passthrough.model.DeviceModel;
import javelin.passthrough.model.EduModel;
import javelin.passthrough.model.ModelBackend;
import javelin.passthrough.model.ModelDevice;
import javelin.passthrough.model.MsixModel;
import javelin.passthrough.vfio.TracedDevice;
import javelin.passthrough.vfio.VfioBackend;
import javelin.passthrough.vfio.VfioDevice;
import javelin.vmm.kvm.KvmAvailable;
import javelin.vmm.linux.Linux;
import javelin.vmm.machine.StopReason;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The guest on our machine, with models of devices assigned to it in place of a host's. */
@Tag("kvm")
@Timeout(120)
class AssignCheckOnKvmTest {
  private static final String EDU = "0000:01:00.0";
  private static final String MSIX = "0000:02:00.0";

  private final MemoryBackend console = new MemoryBackend();
  private final List<ModelDevice> devices = new ArrayList<>();

  @BeforeEach
  void needsKvm() {
    KvmAvailable.assumeKvm();
  }

  /** Trapped accesses, and calls, as a trace tells of them. */
  private final List<String> accesses = new CopyOnWriteArrayList<>();

  /** Opens the models. */
  VfioBackend.Opener models(Linux linux, Map<String, DeviceModel> models) {
    return ModelBackend.opener(linux, models, devices);
  }

  private VfioBackend.Opener opener(Linux linux, Map<String, DeviceModel> models) {
    VfioBackend.Opener opener = models(linux, models);
    return (vm, memory, names) -> {
      VfioBackend backend = opener.open(vm, memory, names);
      return new VfioBackend() {
        @Override
        public List<VfioDevice> devices() {
          return backend.devices().stream().map(this::counted).toList();
        }

        private VfioDevice counted(VfioDevice device) {
          return new TracedDevice(device, line -> {}, accesses::add);
        }

        @Override
        public void close() {
          backend.close();
        }
      };
    };
  }

  private long accessesOf(String bar) {
    return accesses.stream().filter(line -> line.contains(" " + bar + " ")).count();
  }

  @Test
  void shouldReachMappedMemoryWithoutAnExit() throws Exception {
    passing(Map.of(MSIX, new MsixModel(true)), MSIX + ",addr=1f");
    assertThat(accessesOf("BAR 0")).isZero();
    accesses.clear();
    passing(Map.of(MSIX, new MsixModel(true)), MSIX + ",addr=1f,x-no-mmap");
    assertThat(accessesOf("BAR 0")).isGreaterThan(10);
  }

  /** Of the test function's three doorbells: 20 writes each that ring, and one that does not. */
  long[] trappedDoorbells(String options) throws Exception {
    accesses.clear();
    assertThat(passing(Map.of(MSIX, new MsixModel(true)), MSIX + ",addr=1f" + options))
        .contains("test function: doorbells: ok");
    return new long[] {
      accessesOf("BAR 2 write +0x10,"),
      accessesOf("BAR 2 write +0x14,"),
      accessesOf("BAR 4 write +0x4,")
    };
  }

  /** A model in this process hears its writes itself. */
  long[] expectedTrappedDoorbells() {
    return new long[] {20, 21, 20};
  }

  @Test
  void shouldTrapDoorbellsOnlyWhereNoEventfdHearsThem() throws Exception {
    assertThat(trappedDoorbells("")).isEqualTo(expectedTrappedDoorbells());
    assertThat(trappedDoorbells(",x-no-mmap")).containsExactly(20, 21, 20);
  }

  private StopReason run(Map<String, DeviceModel> models, String... assigned) throws Exception {
    MachineConfig config =
        MachineConfig.builder()
            .guest(GuestImage.BuiltIn.ASSIGN_CHECK)
            .ram(RamConfig.of(64L << 20))
            .cpus(1)
            .timeout(Duration.ofSeconds(60))
            .assigned(
                Arrays.stream(assigned)
                    .map(text -> AssignSpec.parse("--assign", text, true))
                    .toList())
            .build();
    Linux linux = Linux.system();
    Consumer<String> err = System.err::println;
    VfioBackend.Opener opener = opener(linux, models);
    try (PcMachine machine = new PcMachine(linux, config, loop -> console, err, opener)) {
      return machine.run();
    }
  }

  private String passing(Map<String, DeviceModel> models, String... assigned) throws Exception {
    noLeaks(
        () -> {
          StopReason reason = run(models, assigned);
          assertThat(reason).as(console.text()).isEqualTo(new StopReason.PoweredOff());
        });
    assertThat(console.text()).containsPattern("All \\d+ checks passed").doesNotContain("FAILED");
    assertThat(devices).allMatch(ModelDevice::isSilent);
    return console.text();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ",x-no-irqfd", ",x-no-mmap"})
  void shouldDriveEdu(String options) throws Exception {
    assertThat(passing(Map.of(EDU, new EduModel()), EDU + ",no-reset=allow" + options))
        .contains(
            "00:01.0 1234:11e8 class 00ff00",
            "edu: INTx, level-triggered, 3 in a row",
            "edu: MSI, 3 in a row: ok",
            "edu: DMA, 1024 bytes to the device and back: ok");
  }

  /**
   * Without KVM's word of the acknowledgement the pin may fire once more for a cause that is gone,
   * also when the guest has turned to MSI: only the pin's own checks must pass.
   */
  @Test
  void shouldRelayThePinOfEdu() throws Exception {
    noLeaks(() -> run(Map.of(EDU, new EduModel()), EDU + ",no-reset=allow,x-no-resample"));
    assertThat(console.text()).containsPattern("edu: INTx, level-triggered, 3 in a row.*: ok");
  }

  @ParameterizedTest
  @CsvSource({"false, ''", "true, ''", "false, ',x-no-mmap'", "false, ',x-no-irqfd'"})
  void shouldDriveFunctionWithManyVectorsAndMappedMemory(boolean isFixed, String options)
      throws Exception {
    assertThat(passing(Map.of(MSIX, new MsixModel(isFixed)), MSIX + ",addr=1f" + options))
        .contains(
            "00:1f.0 1234:4a58 class 00ff00",
            "BAR 0: 64-bit memory, prefetchable, 0x100000 bytes at 0x",
            "extended capabilities (hidden) (serial number): ok",
            "reset: FLR by PCI Express: ok",
            "MSI-X: 80 vectors, their entries hold address, data and mask: ok",
            "test function: MSI-X, vectors 0 1 63 64 79: ok",
            "test function: MSI-X, masked vector, masked function: ok",
            "test function: INTx, level-triggered");
  }
}
