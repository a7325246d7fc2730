package javelin.boot.guest.asm;

/**
 * The general-purpose half of the {@link Assembler}: data movement, arithmetic and control flow.
 * Operand order is Intel's: destination first.
 *
 * @param <A> the assembler itself, so that calls chain
 */
abstract class GeneralInstructions<A extends GeneralInstructions<A>> extends Directives<A> {
  GeneralInstructions(CodeBuffer buffer, Encoder encoder) {
    super(buffer, encoder);
  }

  /** {@code mov dst, src}. */
  public A mov(Rm dst, Reg src) {
    requireSameWidth(dst, src);
    encoder.modRm(src.width(), src, dst, byteForm(0x88, src.width()));
    return self();
  }

  /** {@code mov dst, [src]}. */
  public A mov(Reg dst, Mem src) {
    encoder.modRm(dst.width(), dst, src, byteForm(0x8a, dst.width()));
    return self();
  }

  /**
   * {@code mov dst, value}, in the shortest form: a 64-bit register is loaded through its lower
   * half where zero extension gives the value, else sign-extended, else in full.
   */
  public A mov(Reg dst, long value) {
    Width width = dst.width();
    requireFits(width, value);
    if (width == Width.BYTE) {
      encoder.inOpcode(width, dst, 0xb0);
      buffer.put((int) value);
    } else if (width == Width.QWORD && value >>> 32 == 0) {
      encoder.inOpcode(Width.DWORD, dst, 0xb8);
      buffer.put(4, value);
    } else if (width == Width.QWORD && value == (int) value) {
      encoder.modRm(width, 0, dst, 4, 0xc7);
      buffer.put(4, value);
    } else {
      encoder.inOpcode(width, dst, 0xb8);
      buffer.put(width.bytes(), value);
    }
    return self();
  }

  /**
   * {@code mov dst, label}: loads the address, which must fit 32 bits (16 for a 16-bit register).
   */
  public A mov(Reg dst, Label label) {
    Width width = dst.width() == Width.QWORD ? Width.DWORD : dst.width();
    encoder.inOpcode(width, dst, 0xb8);
    buffer.absolute(width.bytes(), label, 0);
    return self();
  }

  /** {@code mov width ptr [dst], value}; a 64-bit store sign-extends 32 bits. */
  public A mov(Width width, Mem dst, long value) {
    requireFits(width, value);
    int size = immediateSize(width, value);
    encoder.modRm(width, 0, dst, size, byteForm(0xc6, width));
    buffer.put(size, value);
    return self();
  }

  /** {@code mov dst, src} with a segment register as destination; CS cannot be loaded this way. */
  public A mov(Seg dst, Reg src) {
    if (dst == Seg.CS) {
      throw new IllegalArgumentException("CS is loaded by a far jump, not by mov");
    }
    encoder.modRm(null, dst.code(), src, 0, 0x8e);
    return self();
  }

  /** {@code mov dst, src} with a segment register as source. */
  public A mov(Reg dst, Seg src) {
    encoder.modRm(dst.width(), src.code(), dst, 0, 0x8c);
    return self();
  }

  /** {@code movzx dst, src}: zero-extends 8 or 16 bits; {@code width} is that of the source. */
  public A movzx(Reg dst, Width width, Rm src) {
    if (width.bytes() > 2 || dst.width().bytes() <= width.bytes()) {
      throw new IllegalArgumentException("movzx from " + width + " to " + dst);
    }
    encoder.modRm(dst.width(), dst, src, 0x0f, byteForm(0xb6, width));
    return self();
  }

  /** {@code lea dst, src}. */
  public A lea(Reg dst, Mem src) {
    encoder.modRm(dst.width(), dst, src, 0x8d);
    return self();
  }

  /** {@code xchg dst, src}: locked by itself when the destination is memory. */
  public A xchg(Rm dst, Reg src) {
    requireSameWidth(dst, src);
    encoder.modRm(src.width(), src, dst, byteForm(0x86, src.width()));
    return self();
  }

  /** Adds: {@code add dst, src}. */
  public A add(Rm dst, Reg src) {
    return alu(0, dst, src);
  }

  /** Adds: {@code add dst, [src]}. */
  public A add(Reg dst, Mem src) {
    return alu(0, dst, src);
  }

  /** Adds: {@code add dst, value}. */
  public A add(Reg dst, long value) {
    return alu(0, dst.width(), dst, value);
  }

  /** Adds: {@code add width ptr [dst], value}. */
  public A add(Width width, Mem dst, long value) {
    return alu(0, width, dst, value);
  }

  /** Ors: {@code or dst, src}. */
  public A or(Rm dst, Reg src) {
    return alu(1, dst, src);
  }

  /** Ors: {@code or dst, [src]}. */
  public A or(Reg dst, Mem src) {
    return alu(1, dst, src);
  }

  /** Ors: {@code or dst, value}. */
  public A or(Reg dst, long value) {
    return alu(1, dst.width(), dst, value);
  }

  /** Ors: {@code or width ptr [dst], value}. */
  public A or(Width width, Mem dst, long value) {
    return alu(1, width, dst, value);
  }

  /** Ands: {@code and dst, src}. */
  public A and(Rm dst, Reg src) {
    return alu(4, dst, src);
  }

  /** Ands: {@code and dst, [src]}. */
  public A and(Reg dst, Mem src) {
    return alu(4, dst, src);
  }

  /** Ands: {@code and dst, value}. */
  public A and(Reg dst, long value) {
    return alu(4, dst.width(), dst, value);
  }

  /** Ands: {@code and width ptr [dst], value}. */
  public A and(Width width, Mem dst, long value) {
    return alu(4, width, dst, value);
  }

  /** Subtracts: {@code sub dst, src}. */
  public A sub(Rm dst, Reg src) {
    return alu(5, dst, src);
  }

  /** Subtracts: {@code sub dst, [src]}. */
  public A sub(Reg dst, Mem src) {
    return alu(5, dst, src);
  }

  /** Subtracts: {@code sub dst, value}. */
  public A sub(Reg dst, long value) {
    return alu(5, dst.width(), dst, value);
  }

  /** Subtracts: {@code sub width ptr [dst], value}. */
  public A sub(Width width, Mem dst, long value) {
    return alu(5, width, dst, value);
  }

  /** Exclusive-ors: {@code xor dst, src}. */
  public A xor(Rm dst, Reg src) {
    return alu(6, dst, src);
  }

  /** Exclusive-ors: {@code xor dst, [src]}. */
  public A xor(Reg dst, Mem src) {
    return alu(6, dst, src);
  }

  /** Exclusive-ors: {@code xor dst, value}. */
  public A xor(Reg dst, long value) {
    return alu(6, dst.width(), dst, value);
  }

  /** Exclusive-ors: {@code xor width ptr [dst], value}. */
  public A xor(Width width, Mem dst, long value) {
    return alu(6, width, dst, value);
  }

  /** Compares: {@code cmp dst, src}. */
  public A cmp(Rm dst, Reg src) {
    return alu(7, dst, src);
  }

  /** Compares: {@code cmp dst, [src]}. */
  public A cmp(Reg dst, Mem src) {
    return alu(7, dst, src);
  }

  /** Compares: {@code cmp dst, value}. */
  public A cmp(Reg dst, long value) {
    return alu(7, dst.width(), dst, value);
  }

  /** Compares: {@code cmp width ptr [dst], value}. */
  public A cmp(Width width, Mem dst, long value) {
    return alu(7, width, dst, value);
  }

  private A alu(int op, Rm dst, Reg src) {
    requireSameWidth(dst, src);
    encoder.modRm(src.width(), src, dst, byteForm(op << 3, src.width()));
    return self();
  }

  private A alu(int op, Reg dst, Mem src) {
    encoder.modRm(dst.width(), dst, src, byteForm(op << 3 | 2, dst.width()));
    return self();
  }

  private A alu(int op, Width width, Rm dst, long value) {
    requireFits(width, value);
    long signed = signed(width, value);
    if (width != Width.BYTE && signed == (byte) signed) {
      encoder.modRm(width, op, dst, 1, 0x83);
      buffer.put((int) value);
      return self();
    }
    int size = immediateSize(width, value);
    if (dst instanceof Reg reg && reg.number() == 0) {
      encoder.plain(width, byteForm(op << 3 | 4, width));
    } else {
      encoder.modRm(width, op, dst, size, byteForm(0x80, width));
    }
    buffer.put(size, value);
    return self();
  }

  /** {@code test dst, src}: sets the flags of the and of both. */
  public A test(Rm dst, Reg src) {
    requireSameWidth(dst, src);
    encoder.modRm(src.width(), src, dst, byteForm(0x84, src.width()));
    return self();
  }

  /** {@code test dst, value}. */
  public A test(Reg dst, long value) {
    if (dst.number() == 0) {
      requireFits(dst.width(), value);
      encoder.plain(dst.width(), byteForm(0xa8, dst.width()));
      buffer.put(immediateSize(dst.width(), value), value);
      return self();
    }
    return test(dst.width(), dst, value);
  }

  /** {@code test width ptr [dst], value}. */
  public A test(Width width, Rm dst, long value) {
    requireFits(width, value);
    int size = immediateSize(width, value);
    encoder.modRm(width, 0, dst, size, byteForm(0xf6, width));
    buffer.put(size, value);
    return self();
  }

  /** {@code inc dst}. */
  public A inc(Width width, Rm dst) {
    return unary(width, 0, dst, 0xfe);
  }

  /** {@code inc dst}. */
  public A inc(Reg dst) {
    return inc(dst.width(), dst);
  }

  /** {@code dec dst}. */
  public A dec(Width width, Rm dst) {
    return unary(width, 1, dst, 0xfe);
  }

  /** {@code dec dst}. */
  public A dec(Reg dst) {
    return unary(dst.width(), 1, dst, 0xfe);
  }

  /** {@code mul src}: unsigned, rDX:rAX = rAX * src. */
  public A mul(Reg src) {
    return unary(src.width(), 4, src, 0xf6);
  }

  /** {@code div src}: unsigned, rAX = rDX:rAX / src, remainder in rDX. */
  public A div(Reg src) {
    return unary(src.width(), 6, src, 0xf6);
  }

  private A unary(Width width, int extension, Rm dst, int opcode) {
    encoder.modRm(width, extension, dst, 0, byteForm(opcode, width));
    return self();
  }

  /** {@code shl dst, count}. */
  public A shl(Reg dst, int count) {
    return shift(4, dst, count);
  }

  /** {@code shr dst, count}: logical. */
  public A shr(Reg dst, int count) {
    return shift(5, dst, count);
  }

  private A shift(int extension, Reg dst, int count) {
    if (count < 1 || count >= dst.width().bits()) {
      throw new IllegalArgumentException("shift of " + dst + " by " + count);
    }
    encoder.modRm(dst.width(), extension, dst, 1, byteForm(count == 1 ? 0xd0 : 0xc0, dst.width()));
    if (count > 1) {
      buffer.put(count);
    }
    return self();
  }

  /** {@code push src}, in the natural width of the mode. */
  public A push(Reg src) {
    encoder.inOpcode(stackWidth(src), src, 0x50);
    return self();
  }

  /** {@code pop dst}, in the natural width of the mode. */
  public A pop(Reg dst) {
    encoder.inOpcode(stackWidth(dst), dst, 0x58);
    return self();
  }

  /** {@code push value}, sign-extended from 32 bits. */
  public A push(int value) {
    boolean small = value == (byte) value;
    encoder.plain(null, small ? 0x6a : 0x68);
    buffer.put(small ? 1 : encoder.mode() == Mode.BITS16 ? 2 : 4, value);
    return self();
  }

  /** {@code pushfq}, or pushf of the natural width of the mode. */
  public A pushf() {
    encoder.plain(null, 0x9c);
    return self();
  }

  /** {@code popfq}, or popf of the natural width of the mode. */
  public A popf() {
    encoder.plain(null, 0x9d);
    return self();
  }

  /** {@code call target}. */
  public A call(Label target) {
    encoder.plain(null, 0xe8);
    buffer.relative(nearSize(), target, 0, 0);
    return self();
  }

  /** {@code call target}, through a register of the mode's natural width. */
  public A call(Reg target) {
    encoder.modRm(stackWidth(target), 2, target, 0, 0xff);
    return self();
  }

  /** {@code jmp target}: short where the target is placed already and near enough. */
  public A jmp(Label target) {
    if (isShort(target)) {
      encoder.plain(null, 0xeb);
      buffer.relative(1, target, 0, 0);
    } else {
      encoder.plain(null, 0xe9);
      buffer.relative(nearSize(), target, 0, 0);
    }
    return self();
  }

  /** {@code jmp target}, through a register of the mode's natural width. */
  public A jmp(Reg target) {
    encoder.modRm(stackWidth(target), 4, target, 0, 0xff);
    return self();
  }

  /** {@code jcc target}: short where the target is placed already and near enough. */
  public A j(Cond condition, Label target) {
    if (isShort(target)) {
      encoder.plain(null, 0x70 | condition.code());
      buffer.relative(1, target, 0, 0);
    } else {
      encoder.plain(null, 0x0f, 0x80 | condition.code());
      buffer.relative(nearSize(), target, 0, 0);
    }
    return self();
  }

  /** {@code jz target}. */
  public A jz(Label target) {
    return j(Cond.E, target);
  }

  /** {@code jnz target}. */
  public A jnz(Label target) {
    return j(Cond.NE, target);
  }

  /** {@code jb target}, also known as jc. */
  public A jb(Label target) {
    return j(Cond.B, target);
  }

  /** {@code jae target}, also known as jnc. */
  public A jae(Label target) {
    return j(Cond.AE, target);
  }

  /** {@code setcc dst}. */
  public A set(Cond condition, Reg dst) {
    encoder.modRm(Width.BYTE, 0, dst, 0, 0x0f, 0x90 | condition.code());
    return self();
  }

  /** {@code ret}. */
  public A ret() {
    encoder.plain(null, 0xc3);
    return self();
  }

  private boolean isShort(Label target) {
    // A forward distance is not known yet, so only jumps back can be short.
    return target.isBound() && target.address() - (buffer.here() + 2) >= Byte.MIN_VALUE;
  }

  private int nearSize() {
    return encoder.mode() == Mode.BITS16 ? 2 : 4;
  }

  /** Null, meaning no prefix, when the register has the width that the stack has in this mode. */
  private Width stackWidth(Reg reg) {
    Width natural =
        switch (encoder.mode()) {
          case BITS16 -> Width.WORD;
          case BITS32 -> Width.DWORD;
          case BITS64 -> Width.QWORD;
        };
    if (reg.width() != natural) {
      throw new IllegalArgumentException(reg + " is not of " + encoder.mode() + " width");
    }
    return null;
  }

  /** Opcodes come in pairs: even for bytes, odd for the wider operands. */
  static int byteForm(int opcode, Width width) {
    return width == Width.BYTE ? opcode & ~1 : opcode | 1;
  }

  private static int immediateSize(Width width, long value) {
    if (width == Width.QWORD && value != (int) value) {
      throw new IllegalArgumentException(
          "0x%x is no sign-extended 32-bit immediate".formatted(value));
    }
    return Math.min(width.bytes(), 4);
  }

  /** Accepts a value that fits as a signed or as an unsigned number. */
  private static void requireFits(Width width, long value) {
    int bits = width.bits();
    if (bits < 64 && value >> (bits - 1) != -1 && value >> bits != 0) {
      throw new IllegalArgumentException("0x%x does not fit a %s".formatted(value, width));
    }
  }

  private static long signed(Width width, long value) {
    int unused = 64 - width.bits();
    return value << unused >> unused;
  }

  static void requireSameWidth(Rm dst, Reg src) {
    if (dst instanceof Reg reg && reg.width() != src.width()) {
      throw new IllegalArgumentException("operands " + dst + " and " + src + " differ in width");
    }
  }
}
