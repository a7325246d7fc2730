package javelin.boot.testing;

import javelin.boot.machine.GuestImage;
import javelin.passthrough.model.EduModel;
import javelin.vmm.linux.NoLeaks;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a guest has is gone after its test; no other guest is to be in the way. */
@Tag("kvm")
@Timeout(90)
final class GuestExtensionLeavesNothingTest {
  @Test
  void shouldLeaveNothingBehind() throws Exception {
    GuestExtension guest =
        GuestExtension.builtIn(GuestImage.BuiltIn.SELF_TEST)
            .device("edu", () -> new EduModel(true));
    NoLeaks.noLeaks(
        () -> {
          guest.beforeEach(null);
          guest.awaitConsole("self-test");
          guest.afterEach(null);
        });
  }
}
