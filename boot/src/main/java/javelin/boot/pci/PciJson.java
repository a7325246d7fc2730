package javelin.boot.pci;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import javelin.boot.host.Json;
import javelin.passthrough.binding.TakePlan;
import javelin.passthrough.binding.TakeStep;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.HostBar;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.IommuGroup;
import javelin.passthrough.host.PciCapabilities;
import javelin.passthrough.host.PciIds;
import javelin.passthrough.host.SriovRole;
import javelin.passthrough.host.use.DeviceUse;
import javelin.passthrough.host.verdict.Verdict;

/**
 * PCI devices for programs, as JSON: {@code {"devices": [{"address": "0000:03:00.0", …}]}}. Numbers
 * of PCI are strings in hexadecimal, sizes are in bytes, and what is not there is null.
 */
public final class PciJson {
  private final PciReport report;

  private PciJson(PciReport report) {
    this.report = report;
  }

  /** All devices, without what taking them would do. */
  public static String list(PciReport report) {
    PciJson json = new PciJson(report);
    return devices(report.devices(), json::device);
  }

  /** Some devices, with what taking each would do. */
  public static String show(PciReport report, List<HostDevice> devices) {
    PciJson json = new PciJson(report);
    return devices(devices, json::deviceWithPlans);
  }

  private static String devices(
      Collection<HostDevice> devices, Function<HostDevice, Map<String, Object>> shape) {
    return Json.of(Map.of("devices", devices.stream().map(shape).toList()));
  }

  private Map<String, Object> deviceWithPlans(HostDevice device) {
    Map<String, Object> json = device(device);
    json.put(
        "plans",
        report.plans(device).entrySet().stream()
            .map(entry -> plan(entry.getKey(), entry.getValue()))
            .toList());
    return json;
  }

  private Map<String, Object> device(HostDevice device) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("address", device.address());
    json.put("path", device.path());
    json.put("ids", ids(device.ids()));
    json.put("vendorName", report.names().vendor(device.ids()).orElse(null));
    json.put("deviceName", report.names().device(device.ids()).orElse(null));
    json.put("className", report.names().className(device.ids()));
    json.put("headerType", device.answers() ? device.headerType() : null);
    json.put("modalias", device.modalias());
    json.put("driver", device.driver().orElse(null));
    json.put("driverOverride", device.driverOverride().orElse(null));
    json.put("iommuGroup", device.group().map(PciJson::group).orElse(null));
    json.put("bars", device.bars().stream().map(PciJson::bar).toList());
    Optional<PciCapabilities> capabilities = device.capabilities();
    json.put("msiVectors", capabilities.map(PciCapabilities::msiVectors).orElse(null));
    json.put("msixVectors", capabilities.map(PciCapabilities::msixVectors).orElse(null));
    json.put("portType", capabilities.map(PciCapabilities::portType).orElse(null));
    json.put("resetMethods", device.resetMethods());
    json.put("sriov", sriov(device.sriov()));
    json.put("bootVga", device.bootVga());
    json.put("numaNode", device.numaNode());
    json.put("uses", report.uses(device).stream().map(PciJson::use).toList());
    json.put("verdict", verdict(report.verdict(device)));
    return json;
  }

  private static String hexadecimal(int number, int digits) {
    return String.format("0x%0" + digits + "x", number);
  }

  private static Map<String, Object> ids(PciIds ids) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("vendor", hexadecimal(ids.vendor(), 4));
    json.put("device", hexadecimal(ids.device(), 4));
    json.put("subsystemVendor", hexadecimal(ids.subsystemVendor(), 4));
    json.put("subsystemDevice", hexadecimal(ids.subsystemDevice(), 4));
    json.put("class", hexadecimal(ids.classCode(), 6));
    json.put("revision", hexadecimal(ids.revision(), 2));
    return json;
  }

  private static Map<String, Object> group(IommuGroup group) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("number", group.number());
    json.put("members", group.members());
    json.put("reserved", group.reserved());
    return json;
  }

  private static Map<String, Object> bar(HostBar bar) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("index", bar.index());
    json.put("kind", bar.kind());
    json.put("prefetchable", bar.prefetchable());
    json.put("size", bar.size());
    return json;
  }

  private static Map<String, Object> sriov(SriovRole role) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("totalVfs", role.totalVfs());
    json.put("virtualFunctions", role.virtualFunctions());
    json.put("physicalFunction", role.physicalFunction().orElse(null));
    return json;
  }

  private static Map<String, Object> use(DeviceUse use) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("kind", use.kind());
    json.put("subject", use.subject());
    json.put("words", use.words());
    return json;
  }

  private static Map<String, Object> verdict(Verdict verdict) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("kind", verdict.kind());
    json.put("reason", verdict.reason());
    json.put("companions", verdict.companions());
    return json;
  }

  private static Map<String, Object> plan(HostAddress address, TakePlan plan) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("device", address);
    json.put("take", plan.take().stream().map(PciJson::step).toList());
    json.put("losses", plan.losses());
    json.put("giveBack", plan.giveBack().stream().map(PciJson::step).toList());
    return json;
  }

  private static Map<String, Object> step(TakeStep step) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("words", step.words());
    json.put("file", step.file().isEmpty() ? null : step.file());
    json.put("value", step.value().isEmpty() ? null : step.value());
    return json;
  }
}
