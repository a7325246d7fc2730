package javelin.boot.guest.assign;

import java.util.List;
import java.util.Map;
import javelin.passthrough.model.DeviceModel;
import javelin.passthrough.vfio.VfioBackend;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfiouser.client.VfioUserBackend;
import javelin.passthrough.vfiouser.server.VfioUserServer;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.linux.UnixSocket;
import javelin.vmm.memory.GuestMemory;

/** The same guest and the same devices, each behind a socket. */
final class AssignCheckByVfioUserTest extends AssignCheckOnKvmTest {
  @Override
  VfioBackend.Opener models(Linux linux, Map<String, DeviceModel> models) {
    return (vm, memory, names) -> new Served(linux, models, memory, names);
  }

  /** KVM signals the server's eventfds; the write of another value is all that makes an exit. */
  @Override
  long[] expectedTrappedDoorbells() {
    return new long[] {0, 1, 0};
  }

  private static void fail(String said) {
    throw new AssertionError(said);
  }

  private static final class Served implements VfioBackend {
    private final Resources owned = new Resources();
    private final VfioUserBackend backend;

    Served(Linux linux, Map<String, DeviceModel> models, GuestMemory memory, List<String> names) {
      Resources servers = owned.own(new Resources());
      backend =
          owned.own(
              new VfioUserBackend(
                  linux, memory, VfioUserBackend.PATIENCE, AssignCheckByVfioUserTest::fail));
      for (String name : names) {
        Fd[] pair = UnixSocket.pair(linux, name);
        servers.own(
            VfioUserServer.serve(
                linux,
                name,
                pair[0],
                models.get(name),
                List.of(),
                AssignCheckByVfioUserTest::fail));
        backend.add(name, pair[1]);
      }
    }

    @Override
    public List<VfioDevice> devices() {
      return backend.devices();
    }

    @Override
    public void close() {
      owned.close();
    }
  }
}
