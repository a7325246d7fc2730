package javelin.perf;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Imports run one way: perf, boot, passthrough, devices, vmm-core. */
class LayeringTest {
  private static JavaClasses classes;

  @BeforeAll
  static void readClasses() {
    classes =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("-tests.jar"))
            .importPackages("javelin");
  }

  @ParameterizedTest
  @ValueSource(strings = {"javelin.vmm", "javelin.devices", "javelin.boot", "javelin.perf"})
  void shouldSeeTheClassesOfEachModule(String root) {
    assertThat(classes).anyMatch(type -> type.getPackageName().startsWith(root));
  }

  @Test
  void shouldImportOneWayOnly() {
    layeredArchitecture()
        .consideringOnlyDependenciesInAnyPackage("javelin..")
        .withOptionalLayers(true)
        .layer("vmm-core")
        .definedBy("javelin.vmm..")
        .layer("devices")
        .definedBy("javelin.devices..")
        .layer("passthrough")
        .definedBy("javelin.passthrough..")
        .layer("boot")
        .definedBy("javelin.boot..")
        .layer("perf")
        .definedBy("javelin.perf..")
        .ensureAllClassesAreContainedInArchitecture()
        .whereLayer("vmm-core")
        .mayNotAccessAnyLayer()
        .whereLayer("devices")
        .mayOnlyAccessLayers("vmm-core")
        .whereLayer("passthrough")
        .mayOnlyAccessLayers("devices", "vmm-core")
        .whereLayer("boot")
        .mayOnlyAccessLayers("passthrough", "devices", "vmm-core")
        .check(classes);
  }

  @Test
  void shouldCallNativeCodeFromTheSeamOnly() {
    noClasses()
        .that()
        .resideOutsideOfPackage("javelin.vmm.linux..")
        .and()
        .haveNameNotMatching(
            ".*NativeCallBenchmark.*") // it measures what the seam could be made of
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("com.sun.jna..", "jnr..", "com.kenai.jffi..")
        .check(classes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"vmm", "devices", "passthrough", "boot"})
  void shouldHaveNoCycleBetweenPackagesWhenInOneModule(String module) {
    slices()
        .matching("javelin." + module + ".(*)..")
        .should()
        .beFreeOfCycles()
        .allowEmptyShould(module.equals("passthrough"))
        .check(classes);
  }
}
