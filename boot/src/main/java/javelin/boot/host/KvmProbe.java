package javelin.boot.host;

import java.util.EnumMap;
import java.util.Map;
import javelin.vmm.kvm.KvmCapability;
import javelin.vmm.kvm.KvmException;
import javelin.vmm.kvm.KvmSystem;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Linux;

/**
 * What asking a host's KVM brought.
 *
 * @param device the device node that was asked
 * @param apiVersion what KVM_GET_API_VERSION said, or -1 where KVM could not be opened
 * @param maxVcpus the most vCPUs of one VM, or 0
 * @param capabilities what KVM_CHECK_EXTENSION said; empty where KVM could not be opened
 * @param failure why KVM could not be opened and the way out, or null
 */
public record KvmProbe(
    String device,
    int apiVersion,
    int maxVcpus,
    Map<KvmCapability, Integer> capabilities,
    String failure) {
  /** Keeps a copy of the map. */
  public KvmProbe {
    Map<KvmCapability, Integer> copy = new EnumMap<>(KvmCapability.class);
    copy.putAll(capabilities);
    capabilities = copy;
  }

  /** Asks KVM at {@code device}. */
  public static KvmProbe of(Linux linux, String device) {
    try (KvmSystem kvm = KvmSystem.openUnchecked(linux, device)) {
      Map<KvmCapability, Integer> capabilities = new EnumMap<>(KvmCapability.class);
      for (KvmCapability capability : KvmCapability.values()) {
        capabilities.put(capability, kvm.check(capability));
      }
      return new KvmProbe(device, kvm.apiVersion(), kvm.maxVcpus(), capabilities, null);
    } catch (KvmException | ErrnoException e) {
      return new KvmProbe(device, -1, 0, Map.of(), e.getMessage());
    }
  }
}
