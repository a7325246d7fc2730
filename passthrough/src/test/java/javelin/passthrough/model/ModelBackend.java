package javelin.passthrough.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javelin.passthrough.vfio.VfioBackend;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioException;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;

/** Models as the devices of one VM, on an event loop of their own. */
public final class ModelBackend implements VfioBackend {
  private final Resources owned = new Resources();
  private final List<ModelDevice> devices = new ArrayList<>();

  private ModelBackend(
      Linux linux, GuestMemory memory, Map<String, DeviceModel> models, List<String> names) {
    try {
      EventLoop loop = owned.own(new EventLoop(linux, "models"));
      for (String name : names) {
        DeviceModel model = models.get(name);
        if (model == null) {
          throw new VfioException(name + ": there is no such device");
        }
        devices.add(owned.own(new ModelDevice(linux, name, model, loop, BusMemory.of(memory))));
      }
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  /**
   * Opens models by name, each once.
   *
   * @param opened gets the devices, for a test to look at
   */
  public static VfioBackend.Opener opener(
      Linux linux, Map<String, DeviceModel> models, List<ModelDevice> opened) {
    return (vm, memory, names) -> {
      ModelBackend backend = new ModelBackend(linux, memory, models, names);
      opened.addAll(backend.devices);
      return backend;
    };
  }

  @Override
  public List<VfioDevice> devices() {
    return List.copyOf(devices);
  }

  @Override
  public void close() {
    owned.close();
  }
}
