package javelin.passthrough.vfiouser.server;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import javelin.passthrough.model.ModelDevice;
import javelin.passthrough.model.ModelDoorbell;
import javelin.passthrough.vfio.VfioStructs;
import javelin.passthrough.vfiouser.wire.Payloads;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The device's doorbells, each an eventfd of one client's own: none that it keeps rings for the
 * next one.
 *
 * <p>For the server's loop.
 */
final class ServerDoorbells implements AutoCloseable {
  private record Bell(ModelDoorbell doorbell, EventFd event) {}

  private final ModelDevice device;
  private final Resources owned = new Resources();
  private final List<Bell> bells = new ArrayList<>();

  ServerDoorbells(Linux linux, ModelDevice device) {
    this.device = device;
    try {
      for (ModelDoorbell doorbell : device.modelDoorbells()) {
        EventFd event = owned.own(linux.eventFd());
        // The client may have it block.
        event.givenAway();
        bells.add(new Bell(doorbell, event));
      }
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  /** The eventfds, for the event loop. */
  List<Fd> fds() {
    return bells.stream().map(bell -> bell.event().fd()).toList();
  }

  /**
   * Has the device do what was rung for.
   *
   * @param before told the BAR first
   * @return whether anything was
   */
  boolean ring(IntConsumer before) {
    boolean isRung = false;
    for (int i = 0; i < bells.size(); i++) {
      Bell bell = bells.get(i);
      long times = bell.event().drain();
      if (times != 0) {
        isRung = true;
        before.accept(bell.doorbell().bar());
        device.ring(bell.doorbell(), times);
      }
    }
    return isRung;
  }

  /**
   * Writes those of a region as a reply's payload (vfio-user, "Sub-Region IO FD info format
   * (ioeventfd)").
   *
   * @param space bytes that the reply may have
   * @param most how many descriptors may go along; further doorbells are left to messages
   * @param descriptors gets those that go along; they stay this object's
   * @return bytes of the payload
   */
  int put(UnsafeBuffer reply, int region, long space, int most, List<Fd> descriptors) {
    List<Bell> offered =
        bells.stream().filter(bell -> bell.doorbell().bar() == region).limit(most).toList();
    int needed = Payloads.IO_FDS_LENGTH + offered.size() * Payloads.IO_FD_LENGTH;
    boolean isWhole = space >= needed;
    reply.setMemory(0, needed, (byte) 0);
    reply.putInt(VfioStructs.ARGSZ, needed);
    reply.putInt(VfioStructs.INDEX, region);
    if (!isWhole) {
      return Payloads.IO_FDS_LENGTH;
    }
    reply.putInt(Payloads.IO_FDS_COUNT, offered.size());
    int at = Payloads.IO_FDS_LENGTH;
    for (int i = 0; i < offered.size(); i++) {
      ModelDoorbell doorbell = offered.get(i).doorbell();
      int flags =
          (doorbell.isMatched() ? Payloads.IO_FD_DATAMATCH : 0)
              | (device.isPorts(region) ? Payloads.IO_FD_PORT : 0);
      reply.putLong(at, doorbell.offset());
      reply.putLong(at + Payloads.IO_FD_SIZE, doorbell.size());
      reply.putInt(at + Payloads.IO_FD_INDEX, i);
      reply.putInt(at + Payloads.IO_FD_TYPE, Payloads.IO_FD_IOEVENTFD);
      reply.putInt(at + Payloads.IO_FD_FLAGS, flags);
      reply.putLong(at + Payloads.IO_FD_MATCH, doorbell.value());
      descriptors.add(offered.get(i).event().fd());
      at += Payloads.IO_FD_LENGTH;
    }
    return needed;
  }

  @Override
  public void close() {
    bells.clear();
    owned.close();
  }
}
