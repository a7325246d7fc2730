package javelin.boot.guest.assign;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Width.*;

import java.util.List;
import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.assign.VirtioQueue.Buffer;
import javelin.boot.guest.assign.VirtioQueue.Way;
import javelin.boot.guest.runtime.GuestRuntime;

/**
 * Network devices (virtio 1.2, 5.1). Each sends a frame, and says whether one came back. Of two,
 * the second and the first then send to each other, and what arrives is what was sent: so the host
 * has to connect their networks.
 *
 * <p>A frame is of the first of the two types for local experiments; what else arrives is passed
 * over, and a network that is not up yet may lose the first ones. Behind its type come two zeros,
 * 64-bit words that repeat in no frame, and their sum.
 */
final class VirtioNetChecks implements DeviceChecks {
  private static final int IDS = 0x1041_1af4;
  private static final String NAME = "virtio-net";
  private static final long MAC = 1L << 5;
  private static final int MAC_BYTES = 6;

  /** {@code struct virtio_net_hdr}, and its GSO type; the rest has no meaning for this driver. */
  private static final int HEADER_BYTES = 12;

  private static final int GSO_TYPE = 1;

  private static final int TYPE_AT = 12;

  /** 0x88b5, big-endian. */
  private static final int TYPE = 0xb588;

  private static final int WORDS_AT = 16;
  private static final int SHORT = 64;
  private static final int LONG = 1512;
  private static final int PAGE = 4096;
  private static final int MOST_STRANGERS = 16;
  private static final int TIMEOUT_US = 2_000_000;

  /** Time for a frame to come back from a network that nothing is known of. */
  private static final int ECHO_US = 20_000;

  private final GuestRuntime r;
  private final Assembler a;
  private final VirtioDriver driver;
  private final Functions functions;
  private final PciInterrupts interrupts;
  private final Port first;
  private final Port second;

  /** The record of a device that has no other yet to send to, or 0 (64 bits). */
  private final Label waiting;

  private final Label strangers;
  private final Label header;
  private final Label foundHeader;
  private final Label frame = new Label("virtio frame");
  private final Label found = new Label("virtio frame found");
  private final Label fill = new Label("virtio frame fill");
  private final Label sum = new Label("virtio frame sum");
  private final Label compare = new Label("virtio frame compare");

  /** A device that is up: its two queues, and its address. */
  private record Port(String name, SplitQueue receive, SplitQueue send, Label mac) {}

  VirtioNetChecks(Kit kit, VirtioDriver driver, Functions functions, PciInterrupts interrupts) {
    r = kit.r();
    a = kit.a();
    this.driver = driver;
    this.functions = functions;
    this.interrupts = interrupts;
    first = port(kit, "first");
    second = port(kit, "second");
    waiting = r.variable("virtioNetWaiting", 8);
    strangers = r.variable("virtioNetStrangers", 4);
    header = r.variable("virtioNetHeader", HEADER_BYTES);
    foundHeader = r.variable("virtioNetFoundHeader", HEADER_BYTES);
  }

  private Port port(Kit kit, String name) {
    return new Port(
        name,
        new SplitQueue(kit, interrupts, name + "Receive"),
        new SplitQueue(kit, interrupts, name + "Send"),
        r.variable(name + "Mac", MAC_BYTES));
  }

  @Override
  public void emit() {
    Label other = new Label("not virtio-net");
    Label pair = new Label("virtio-net pair");
    a.cmp(DWORD, ptr(RBX, Functions.IDS), IDS).jnz(other);
    emitStart(first);
    emitAlone();
    driver.emitReset();
    a.cmp(QWORD, ptr(waiting), 0).jnz(pair).mov(ptr(waiting), RBX).jmp(other);
    a.label(pair);
    emitPair();
    a.mov(QWORD, ptr(waiting), 0).label(other);
  }

  private void emitStart(Port port) {
    driver.emitStart(NAME, List.of(port.receive(), port.send()), MAC);
    r.print("  " + NAME + ": address ");
    a.mov(RDX, ptr(driver.config)).mov(EAX, ptr(RDX)).mov(ptr(port.mac()), EAX);
    a.movzx(EAX, WORD, ptr(RDX, 4)).mov(ptr(port.mac(), 4), AX);
    for (int i = 0; i < MAC_BYTES; i++) {
      a.movzx(EAX, BYTE, ptr(port.mac(), i));
      r.printDigits(RAX, 2);
    }
    a.test(DWORD, ptr(driver.accepted), MAC);
    r.check(Cond.NE, "the device has an address");
    a.test(BYTE, ptr(port.mac()), 1);
    r.check(Cond.E, "the address is one of a single device");
    r.endLine();
  }

  /** A frame to everybody. */
  private void emitAlone() {
    Label nothing = new Label("virtio-net nothing came back");
    Label out = new Label("virtio-net alone");
    r.print("  " + NAME + ": send, " + SHORT + " bytes by MSI-X");
    a.mov(EAX, -1).mov(ptr(frame), EAX).mov(ptr(frame, 4), AX);
    emitFrame(first, SHORT);
    emitOffer(first, Way.POLLING);
    first.send().emitRequest(Way.INTERRUPT, "the frame", sent(SHORT));
    r.await(first.receive()::compareDone, Cond.E, ECHO_US);
    first.receive().compareDone();
    a.jnz(nothing);
    compareIsOurs();
    a.jnz(nothing);
    r.print(", and it came back");
    emitVerify(first, SHORT);
    a.jmp(out).label(nothing);
    r.print(", and nothing came back");
    a.label(out);
    r.endLine();
  }

  private static Buffer[] buffers(Label header, Label frame, int bytes, boolean isWritable) {
    return new Buffer[] {
      new Buffer(header, HEADER_BYTES, isWritable), new Buffer(frame, bytes, isWritable)
    };
  }

  private Buffer[] sent(int bytes) {
    return buffers(header, frame, bytes, false);
  }

  /** All of a frame but whom it is for. */
  private void emitFrame(Port from, int bytes) {
    a.mov(EAX, ptr(from.mac())).mov(ptr(frame, MAC_BYTES), EAX);
    a.movzx(EAX, WORD, ptr(from.mac(), 4)).mov(ptr(frame, MAC_BYTES + 4), AX);
    a.mov(DWORD, ptr(frame, TYPE_AT), TYPE);
    a.mov(ECX, (bytes - WORDS_AT) / 8 - 1).call(fill);
  }

  /** Gives a buffer for a frame to {@code port}. */
  private void emitOffer(Port port, Way way) {
    a.mov(RDI, found).mov(ECX, PAGE / 2 / 8).mov(EAX, -1).rep().stos(QWORD);
    port.receive().emitBuffers(buffers(foundHeader, found, PAGE / 2, true));
    port.receive().emitWant(way);
    port.receive().emitSubmit();
  }

  /** Sets the zero flag where what came begins as the frame that was sent last. */
  private void compareIsOurs() {
    Label out = new Label("virtio-net whose frame");
    a.cmp(WORD, ptr(found, TYPE_AT), TYPE).jnz(out);
    a.mov(RAX, ptr(frame, WORDS_AT)).cmp(RAX, ptr(found, WORDS_AT)).label(out);
  }

  /** Checks what came to {@code port} against what was sent. */
  private void emitVerify(Port port, int bytes) {
    port.receive().emitWritten();
    a.cmp(EAX, HEADER_BYTES + bytes);
    r.check(Cond.E, "the frame is as long as it was");
    a.cmp(BYTE, ptr(foundHeader, GSO_TYPE), 0);
    r.check(Cond.E, "the frame is one, not several");
    a.mov(ECX, bytes / 8).call(compare);
    r.check(Cond.E, "the bytes are those that were sent");
    a.mov(RDI, found).mov(ECX, (bytes - WORDS_AT) / 8 - 1).call(sum).cmp(RAX, ptr(RDI));
    r.check(Cond.E, "the sum is right");
  }

  /** The waiting device and that at RBX, which send to each other. */
  private void emitPair() {
    Label here = r.variable("virtioNetSecond", 8);
    a.mov(ptr(here), RBX).mov(RBX, ptr(waiting));
    functions.command(Functions.COMMAND_ALL);
    driver.emitFind();
    emitStart(first);
    a.mov(RBX, ptr(here));
    driver.emitFind();
    emitStart(second);
    for (int bytes : new int[] {SHORT, LONG}) {
      emitPass(first, second, bytes);
      emitPass(second, first, bytes);
    }
    driver.emitReset();
    a.mov(RBX, ptr(waiting));
    driver.emitFind();
    driver.emitReset();
    functions.command(0);
    a.mov(RBX, ptr(here));
  }

  private void emitPass(Port from, Port to, int bytes) {
    Label next = new Label("virtio-net next frame");
    Label ours = new Label("virtio-net our frame");
    r.print(
        "  %s: %s to %s, %d bytes by MSI-X, the same there"
            .formatted(NAME, from.name(), to.name(), bytes));
    a.mov(EAX, ptr(to.mac())).mov(ptr(frame), EAX);
    a.movzx(EAX, WORD, ptr(to.mac(), 4)).mov(ptr(frame, 4), AX);
    emitFrame(from, bytes);
    emitOffer(to, Way.INTERRUPT);
    from.send().emitBuffers(sent(bytes));
    from.send().emitWant(Way.POLLING);
    interrupts.expectSome(from.send()::emitSubmit, "the frame interrupts where it arrives");
    r.await(from.send()::compareDone, Cond.E, TIMEOUT_US);
    from.send().compareDone();
    r.check(Cond.E, "the frame was sent");
    a.mov(DWORD, ptr(strangers), MOST_STRANGERS).label(next);
    r.await(to.receive()::compareDone, Cond.E, TIMEOUT_US);
    to.receive().compareDone();
    a.jnz(ours);
    compareIsOurs();
    a.jz(ours).dec(DWORD, ptr(strangers)).jz(ours);
    emitOffer(to, Way.POLLING);
    a.jmp(next).label(ours);
    to.receive().compareDone();
    r.check(Cond.E, "a frame arrives");
    emitVerify(to, bytes);
    r.endLine();
  }

  @Override
  public void emitRoutines() {
    Label word = new Label("virtio frame word");
    // The sequence goes on from frame to frame: no word is in two of them.
    Label last = r.variable("virtioNetWord", 8);
    a.label(fill).mov(RDI, frame).add(RDI, WORDS_AT).xor(ESI, ESI).mov(RAX, ptr(last));
    a.mov(RDX, 0x9e37_79b9_7f4a_7c15L);
    a.label(word).add(RAX, RDX).mov(ptr(RDI), RAX).add(RSI, RAX).add(RDI, 8).dec(ECX).jnz(word);
    a.mov(ptr(RDI), RSI).mov(ptr(last), RAX).ret();
    // RAX = the sum of ECX words of the frame at RDI; RDI = where the frame has it.
    Label add = new Label("virtio frame add");
    a.label(sum).add(RDI, WORDS_AT).xor(EAX, EAX);
    a.label(add).add(RAX, ptr(RDI)).add(RDI, 8).dec(ECX).jnz(add).ret();
    Label same = new Label("virtio frame same");
    Label out = new Label("virtio frame differs");
    a.label(compare).mov(RSI, frame).mov(RDI, found);
    a.label(same).mov(RAX, ptr(RSI)).cmp(RAX, ptr(RDI)).jnz(out).add(RSI, 8).add(RDI, 8);
    a.dec(ECX).jnz(same).label(out).ret();
  }

  @Override
  public void emitRoom() {
    a.label(frame).zero(PAGE).label(found).zero(PAGE);
    for (Port port : List.of(first, second)) {
      port.receive().emitRoom();
      port.send().emitRoom();
    }
  }
}
