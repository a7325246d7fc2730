package javelin.perf.micro;

import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.irq.Msi;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Javelin's part of a change to the table of interrupt routes, all of which is made anew for KVM.
 * No path of data comes here: a guest does as it sets a message of a device's up or moves it to
 * another CPU. What KVM itself takes for it, a wait for all vCPUs, is not in it.
 */
public class GsiRoutesBenchmark extends MicroBenchmark {
  private static final long ADDRESS = 0xfee0_0000L;

  /** Messages that have a route: a device's, a guest's with many devices. */
  @Param({"1", "32", "512"})
  public int messages;

  private DryVm kvm;
  private GsiRoutes routes;
  private int changed;
  private int data;

  /** Routes all messages. */
  @Setup
  public void fill() {
    kvm = new DryVm();
    routes = new GsiRoutes(kvm.vm());
    for (int i = 0; i < messages; i++) {
      int gsi = routes.allocate();
      routes.update(batch -> batch.route(gsi, new Msi(ADDRESS, gsi)));
      changed = gsi;
    }
  }

  /** Takes the VM down. */
  @TearDown
  public void stop() {
    kvm.close();
  }

  /** One message changes, as by an interrupt that moves to another CPU. */
  @Benchmark
  public void update() {
    data++;
    routes.update(batch -> batch.route(changed, new Msi(ADDRESS, data)));
  }
}
