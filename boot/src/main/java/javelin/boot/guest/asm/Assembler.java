package javelin.boot.guest.asm;

/**
 * A small x86 assembler for the built-in guests, so that they need neither a compiler nor a binary
 * in the repository. It knows the instructions that system software and exit measurements use, in
 * 16, 32 and 64-bit code, and lays bytes out at a fixed address:
 *
 * <pre>{@code
 * Assembler a = new Assembler(0x10_0000, Mode.BITS64);
 * Label again = new Label("again");
 * a.mov(RCX, 1000).label(again).out(0x80, AL).dec(RCX).jnz(again).hlt();
 * byte[] code = a.assemble();
 * }</pre>
 *
 * <p>Encodings follow the Intel SDM volume 2. Operands that have no encoding are refused with an
 * {@link IllegalArgumentException}; labels that are missing, placed twice or out of reach with an
 * {@link IllegalStateException}. Not for concurrent use.
 */
public final class Assembler extends GeneralInstructions<Assembler> {
  private static final int LOCK = 0xf0;
  private static final int REP = 0xf3;
  private static final int GATE_INTERRUPT_64 = 0x8e;

  /** An empty assembler whose first byte will be at guest-physical {@code origin}. */
  public Assembler(long origin, Mode mode) {
    this(new CodeBuffer(origin), mode);
  }

  private Assembler(CodeBuffer buffer, Mode mode) {
    super(buffer, new Encoder(buffer, mode));
  }

  @Override
  Assembler self() {
    return this;
  }

  /** Number of bytes so far. */
  public int size() {
    return buffer.size();
  }

  /**
   * All bytes, references filled in.
   *
   * @throws IllegalStateException when a label is missing or out of reach
   */
  public byte[] assemble() {
    return buffer.link();
  }

  /** {@code in accumulator, port}: AL, AX or EAX from a port below 256. */
  public Assembler in(Reg accumulator, int port) {
    return portIo(0xe4, accumulator, port);
  }

  /** {@code in accumulator, dx}. */
  public Assembler inDx(Reg accumulator) {
    encoder.plain(accumulator(accumulator), byteForm(0xec, accumulator.width()));
    return this;
  }

  /** {@code out port, accumulator}: AL, AX or EAX to a port below 256. */
  public Assembler out(int port, Reg accumulator) {
    return portIo(0xe6, accumulator, port);
  }

  /** {@code out dx, accumulator}. */
  public Assembler outDx(Reg accumulator) {
    encoder.plain(accumulator(accumulator), byteForm(0xee, accumulator.width()));
    return this;
  }

  private Assembler portIo(int opcode, Reg accumulator, int port) {
    if (port < 0 || port > 0xff) {
      throw new IllegalArgumentException("port 0x%x is reached through DX".formatted(port));
    }
    encoder.plain(accumulator(accumulator), byteForm(opcode, accumulator.width()));
    buffer.put(port);
    return this;
  }

  private static Width accumulator(Reg reg) {
    if (reg.number() != 0 || reg.width() == Width.QWORD) {
      throw new IllegalArgumentException("port I/O uses AL, AX or EAX, not " + reg);
    }
    return reg.width();
  }

  /** LOCK for the next instruction. */
  public Assembler lock() {
    encoder.prefix(LOCK);
    return this;
  }

  /** REP for the next string instruction. */
  public Assembler rep() {
    encoder.prefix(REP);
    return this;
  }

  /** {@code movs}: [rDI] = [rSI]. */
  public Assembler movs(Width width) {
    encoder.plain(width, byteForm(0xa4, width));
    return this;
  }

  /** {@code stos}: [rDI] = accumulator. */
  public Assembler stos(Width width) {
    encoder.plain(width, byteForm(0xaa, width));
    return this;
  }

  /** {@code lods}: accumulator = [rSI]. */
  public Assembler lods(Width width) {
    encoder.plain(width, byteForm(0xac, width));
    return this;
  }

  /** {@code ins}: [rDI] = port DX. */
  public Assembler ins(Width width) {
    encoder.plain(width, byteForm(0x6c, width));
    return this;
  }

  /** {@code outs}: port DX = [rSI]. */
  public Assembler outs(Width width) {
    encoder.plain(width, byteForm(0x6e, width));
    return this;
  }

  /** {@code cld}. */
  public Assembler cld() {
    encoder.plain(null, 0xfc);
    return this;
  }

  /** {@code xadd dst, src}. */
  public Assembler xadd(Rm dst, Reg src) {
    requireSameWidth(dst, src);
    encoder.modRm(src.width(), src, dst, 0x0f, byteForm(0xc0, src.width()));
    return this;
  }

  /** {@code cmpxchg dst, src}: compares with the accumulator. */
  public Assembler cmpxchg(Rm dst, Reg src) {
    requireSameWidth(dst, src);
    encoder.modRm(src.width(), src, dst, 0x0f, byteForm(0xb0, src.width()));
    return this;
  }

  /** {@code cpuid}. */
  public Assembler cpuid() {
    encoder.plain(null, 0x0f, 0xa2);
    return this;
  }

  /** {@code rdmsr}: EDX:EAX = MSR ECX. */
  public Assembler rdmsr() {
    encoder.plain(null, 0x0f, 0x32);
    return this;
  }

  /** {@code wrmsr}: MSR ECX = EDX:EAX. */
  public Assembler wrmsr() {
    encoder.plain(null, 0x0f, 0x30);
    return this;
  }

  /** {@code rdtsc}: EDX:EAX = time stamp. */
  public Assembler rdtsc() {
    encoder.plain(null, 0x0f, 0x31);
    return this;
  }

  /** {@code rdtscp}: EDX:EAX = time stamp, ECX = TSC_AUX. */
  public Assembler rdtscp() {
    encoder.plain(null, 0x0f, 0x01, 0xf9);
    return this;
  }

  /** {@code lgdt [descriptor]}; in 16-bit code with a 32-bit base. */
  public Assembler lgdt(Mem descriptor) {
    encoder.modRm(wideInReal(), 2, descriptor, 0, 0x0f, 0x01);
    return this;
  }

  /** {@code lidt [descriptor]}; in 16-bit code with a 32-bit base. */
  public Assembler lidt(Mem descriptor) {
    encoder.modRm(wideInReal(), 3, descriptor, 0, 0x0f, 0x01);
    return this;
  }

  private Width wideInReal() {
    return encoder.mode() == Mode.BITS16 ? Width.DWORD : null;
  }

  /** {@code ltr selector}. */
  public Assembler ltr(Reg selector) {
    if (selector.width() != Width.WORD) {
      throw new IllegalArgumentException("ltr takes a 16-bit register, not " + selector);
    }
    encoder.modRm(null, 3, selector, 0, 0x0f, 0x00);
    return this;
  }

  /** {@code mov dst, src} from a control register; CR8 in 64-bit code only. */
  public Assembler mov(Reg dst, ControlReg src) {
    return controlRegister(0x20, dst, src);
  }

  /** {@code mov dst, src} to a control register; CR8 in 64-bit code only. */
  public Assembler mov(ControlReg dst, Reg src) {
    return controlRegister(0x22, src, dst);
  }

  private Assembler controlRegister(int opcode, Reg reg, ControlReg control) {
    Width natural = encoder.mode() == Mode.BITS64 ? Width.QWORD : Width.DWORD;
    if (reg.width() != natural) {
      throw new IllegalArgumentException(control + " moves to and from a " + natural + " register");
    }
    encoder.modRm(null, control.number(), reg, 0, 0x0f, opcode);
    return this;
  }

  /** {@code invlpg [address]}. */
  public Assembler invlpg(Mem address) {
    encoder.modRm(null, 7, address, 0, 0x0f, 0x01);
    return this;
  }

  /** {@code hlt}. */
  public Assembler hlt() {
    encoder.plain(null, 0xf4);
    return this;
  }

  /** {@code cli}. */
  public Assembler cli() {
    encoder.plain(null, 0xfa);
    return this;
  }

  /** {@code sti}. */
  public Assembler sti() {
    encoder.plain(null, 0xfb);
    return this;
  }

  /** {@code pause}. */
  public Assembler pause() {
    encoder.plain(null, 0xf3, 0x90);
    return this;
  }

  /** {@code nop}. */
  public Assembler nop() {
    encoder.plain(null, 0x90);
    return this;
  }

  /** {@code mfence}. */
  public Assembler mfence() {
    encoder.plain(null, 0x0f, 0xae, 0xf0);
    return this;
  }

  /** {@code int3}. */
  public Assembler int3() {
    encoder.plain(null, 0xcc);
    return this;
  }

  /** {@code int vector}. */
  public Assembler interrupt(int vector) {
    encoder.plain(null, 0xcd);
    buffer.put(vector);
    return this;
  }

  /** {@code ud2}: an invalid opcode for good. */
  public Assembler ud2() {
    encoder.plain(null, 0x0f, 0x0b);
    return this;
  }

  /** {@code ljmp selector:target} with a 32-bit offset; 64-bit code has no such form. */
  public Assembler ljmp(int selector, Label target) {
    if (encoder.mode() == Mode.BITS64) {
      throw new IllegalArgumentException("64-bit code has no direct far jump, use lretq");
    }
    encoder.plain(Width.DWORD, 0xea);
    buffer.absolute(4, target, 0);
    buffer.put(2, selector);
    return this;
  }

  /** {@code lretq}: pops RIP and CS. */
  public Assembler lretq() {
    encoder.plain(Width.QWORD, 0xcb);
    return this;
  }

  /** {@code iretq}. */
  public Assembler iretq() {
    encoder.plain(Width.QWORD, 0xcf);
    return this;
  }

  /** A GDT entry: flat 64-bit code, ring 0. */
  public Assembler gdtCode64() {
    return dq(0x00af_9b00_0000_ffffL);
  }

  /** A GDT entry: flat 32-bit code over 4 GiB, ring 0. */
  public Assembler gdtCode32() {
    return dq(0x00cf_9b00_0000_ffffL);
  }

  /** A GDT entry: flat data over 4 GiB, ring 0. */
  public Assembler gdtData() {
    return dq(0x00cf_9300_0000_ffffL);
  }

  /** A 64-bit interrupt gate (16 bytes): ring 0, no IST (Intel SDM volume 3, 6.14.1). */
  public Assembler idtGate64(int selector, Label handler) {
    part(handler, 2, 0).dw(selector).db(0, GATE_INTERRUPT_64);
    return part(handler, 2, 16).part(handler, 4, 32).dd(0);
  }

  /** The operand of lgdt and lidt: 16-bit limit and the table's address, 32 or 64 bits by mode. */
  public Assembler tablePointer(int bytes, Label table) {
    dw(bytes - 1);
    return encoder.mode() == Mode.BITS64 ? dq(table) : dd(table);
  }
}
