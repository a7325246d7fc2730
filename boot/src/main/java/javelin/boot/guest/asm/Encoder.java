package javelin.boot.guest.asm;

/**
 * Puts one instruction together: prefixes, opcode, ModRM, SIB, displacement (Intel SDM volume 2,
 * chapter 2). Knows operands, but no mnemonic.
 */
final class Encoder {
  private static final int OPERAND_SIZE = 0x66;
  private static final int ADDRESS_SIZE = 0x67;
  private static final int REX = 0x40;
  private static final int REX_W = 8;
  private static final int REX_R = 4;
  private static final int REX_X = 2;
  private static final int REX_B = 1;
  private static final int RM_SIB = 4;
  private static final int RM_DISP = 5;
  private static final int RM16_DISP = 6;

  private final CodeBuffer buffer;
  private Mode mode;
  private int pendingPrefix;

  Encoder(CodeBuffer buffer, Mode mode) {
    this.buffer = buffer;
    this.mode = mode;
  }

  Mode mode() {
    return mode;
  }

  void mode(Mode next) {
    mode = next;
  }

  /** LOCK or REP, to go in front of the next instruction. */
  void prefix(int prefix) {
    if (pendingPrefix != 0) {
      throw new IllegalStateException("two group 1 prefixes on one instruction");
    }
    pendingPrefix = prefix;
  }

  /** An instruction without ModRM; {@code width} null where no operand size applies. */
  void plain(Width width, int... opcode) {
    prefixes(width, false, 0, false);
    opcode(opcode);
  }

  /** An instruction whose register is the low three bits of its last opcode byte. */
  void inOpcode(Width width, Reg reg, int... opcode) {
    prefixes(width, false, reg.number() >= 8 ? REX_B : 0, reg.needsRex());
    int last = opcode.length - 1;
    for (int i = 0; i < last; i++) {
      buffer.put(opcode[i]);
    }
    buffer.put(opcode[last] | (reg.number() & 7));
  }

  /** ModRM with a register in the reg field. */
  void modRm(Width width, Reg reg, Rm rm, int... opcode) {
    modRm(width, reg.number(), reg.needsRex(), rm, 0, opcode);
  }

  /** ModRM with an opcode extension, segment or control register in the reg field. */
  void modRm(Width width, int field, Rm rm, int trailing, int... opcode) {
    modRm(width, field, false, rm, trailing, opcode);
  }

  private void modRm(
      Width width, int field, boolean fieldNeedsRex, Rm rm, int trailing, int... opcode) {
    int rex = field >= 8 ? REX_R : 0;
    if (rm instanceof Reg reg) {
      prefixes(
          width, false, rex | (reg.number() >= 8 ? REX_B : 0), fieldNeedsRex || reg.needsRex());
      opcode(opcode);
      buffer.put(0xc0 | (field & 7) << 3 | (reg.number() & 7));
      return;
    }
    Mem mem = (Mem) rm;
    rex |= mem.base() != null && mem.base().number() >= 8 ? REX_B : 0;
    rex |= mem.index() != null && mem.index().number() >= 8 ? REX_X : 0;
    prefixes(width, needsAddressSize(mem), rex, fieldNeedsRex);
    opcode(opcode);
    address((field & 7) << 3, mem, trailing);
  }

  private void prefixes(Width width, boolean addressSize, int rex, boolean forceRex) {
    if (addressSize) {
      buffer.put(ADDRESS_SIZE);
    }
    if (width == (mode == Mode.BITS16 ? Width.DWORD : Width.WORD)) {
      buffer.put(OPERAND_SIZE);
    }
    if (pendingPrefix != 0) {
      buffer.put(pendingPrefix);
      pendingPrefix = 0;
    }
    int all = rex | (width == Width.QWORD ? REX_W : 0);
    if (all != 0 || forceRex) {
      if (mode != Mode.BITS64) {
        throw new IllegalArgumentException("a 64-bit register or operand outside 64-bit code");
      }
      buffer.put(REX | all);
    }
  }

  private void opcode(int... opcode) {
    for (int b : opcode) {
      buffer.put(b);
    }
  }

  private boolean needsAddressSize(Mem mem) {
    Reg any = mem.base() != null ? mem.base() : mem.index();
    if (any == null) {
      return false;
    }
    boolean legal =
        any.width() == Width.DWORD || (any.width() == Width.QWORD && mode == Mode.BITS64);
    if (!legal) {
      throw new IllegalArgumentException("no " + mode + " address is made of " + any);
    }
    return (any.width() == Width.DWORD) != (mode == Mode.BITS32);
  }

  private void address(int field, Mem mem, int trailing) {
    if (mem.base() == null && mem.index() == null) {
      direct(field, mem, trailing);
      return;
    }
    int base = mem.base() == null ? RM_DISP : mem.base().number() & 7;
    int mod = mod(mem, base);
    if (mem.index() == null && base != RM_SIB) {
      buffer.put(mod << 6 | field | base);
    } else {
      int index = mem.index() == null ? RM_SIB : mem.index().number() & 7;
      buffer.put(mod << 6 | field | RM_SIB);
      buffer.put(Integer.numberOfTrailingZeros(mem.scale()) << 6 | index << 3 | base);
    }
    if (mem.label() != null) {
      buffer.absolute(4, mem.label(), mem.disp());
    } else if (mod == 1) {
      buffer.put(mem.disp());
    } else if (mod == 2 || mem.base() == null) {
      buffer.put(4, mem.disp());
    }
  }

  private static int mod(Mem mem, int base) {
    if (mem.base() == null) {
      return 0;
    }
    if (mem.label() != null) {
      return 2;
    }
    if (mem.disp() == 0 && base != RM_DISP) {
      return 0;
    }
    return mem.disp() == (byte) mem.disp() ? 1 : 2;
  }

  private void direct(int field, Mem mem, int trailing) {
    if (mode == Mode.BITS16) {
      buffer.put(field | RM16_DISP);
      disp(2, mem);
    } else if (mode == Mode.BITS32) {
      buffer.put(field | RM_DISP);
      disp(4, mem);
    } else if (mem.label() != null) {
      buffer.put(field | RM_DISP);
      buffer.relative(4, mem.label(), mem.disp(), trailing);
    } else {
      buffer.put(field | RM_SIB);
      buffer.put(RM_SIB << 3 | RM_DISP);
      buffer.put(4, mem.disp());
    }
  }

  private void disp(int count, Mem mem) {
    if (mem.label() != null) {
      buffer.absolute(count, mem.label(), mem.disp());
    } else {
      if (count == 2 && mem.disp() >>> 16 != 0) {
        throw new IllegalArgumentException("no 16-bit address is 0x%x".formatted(mem.disp()));
      }
      buffer.put(count, mem.disp());
    }
  }
}
