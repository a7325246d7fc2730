package javelin.passthrough.vfiouser;

import java.util.List;
import javelin.passthrough.model.DeviceModel;
import javelin.passthrough.model.ModelDeviceTest;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfiouser.client.VfioUserBackend;
import javelin.passthrough.vfiouser.server.VfioUserServer;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.linux.UnixSocket;
import javelin.vmm.memory.GuestMemory;

/** What holds for a device holds for it behind the socket. */
final class ModelBehindVfioUserTest extends ModelDeviceTest {
  private static void fail(String said) {
    throw new AssertionError(said);
  }

  @Override
  protected VfioDevice device(Linux linux, DeviceModel model, GuestMemory memory, Resources owned) {
    Fd[] pair = UnixSocket.pair(linux, "test");
    owned.own(
        VfioUserServer.serve(
            linux, "served", pair[0], model, List.of(), ModelBehindVfioUserTest::fail));
    VfioUserBackend backend =
        owned.own(
            new VfioUserBackend(
                linux, memory, VfioUserBackend.PATIENCE, ModelBehindVfioUserTest::fail));
    return backend.add("0000:01:00.0", pair[1]);
  }
}
