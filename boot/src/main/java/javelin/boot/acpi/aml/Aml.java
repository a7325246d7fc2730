package javelin.boot.acpi.aml;

import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * The terms of AML as functions: each takes its operands and returns its byte code (ACPI 6.5,
 * 20.2). A table body is one expression that reads like the ASL it stands for.
 */
public final class Aml {
  private static final Pattern EISA_ID = Pattern.compile("[A-Z]{3}[0-9A-F]{4}");
  private static final int MAX_PACKAGE_ELEMENTS = 255;
  private static final int MAX_METHOD_ARGUMENTS = 7;
  private static final int EXT_OP_PREFIX = 0x5B;

  private Aml() {}

  // Namespace and named objects (20.2.5.1, 20.2.5.2).

  /** {@code Scope (path) { content }}. */
  public static Term scope(String path, List<Term> content) {
    return packaged(new ByteWriter().u8(0x10), path(path), content);
  }

  /** {@code Device (name) { content }}. */
  public static Term device(String name, List<Term> content) {
    return packaged(new ByteWriter().u8(EXT_OP_PREFIX).u8(0x82), path(name), content);
  }

  /** {@code Name (name, value)}. */
  public static Term name(String name, Term value) {
    return op(0x08, path(name), value);
  }

  /**
   * {@code Method (name, arguments, Serialized) { content }}: serialized, because a method that
   * creates named objects must not run twice at a time (19.6, Method).
   */
  public static Term serializedMethod(String name, int arguments, List<Term> content) {
    if (arguments < 0 || arguments > MAX_METHOD_ARGUMENTS) {
      throw new IllegalArgumentException(
          "method " + name + " with " + arguments + " arguments: 0 to 7 are possible");
    }
    ByteWriter head = new ByteWriter();
    NameString.write(head, name);
    head.u8(1 << 3 | arguments);
    return packaged(new ByteWriter().u8(0x14), new Term(head), content);
  }

  /** {@code CreateDWordField (source, byteIndex, name)}. */
  public static Term createDwordField(Term source, int byteIndex, String name) {
    return op(0x8A, source, integer(byteIndex), path(name));
  }

  // Data objects (20.2.3).

  /** An integer in its shortest form; negative numbers stand for unsigned 64-bit ones. */
  public static Term integer(long value) {
    ByteWriter out = new ByteWriter();
    if (value == 0 || value == 1) {
      out.u8((int) value);
    } else if (value >>> 8 == 0) {
      out.u8(0x0A).u8((int) value);
    } else if (value >>> 16 == 0) {
      out.u8(0x0B).u16((int) value);
    } else if (value >>> 32 == 0) {
      out.u8(0x0C).u32(value);
    } else {
      out.u8(0x0E).u64(value);
    }
    return new Term(out);
  }

  /** A string of ASCII characters. */
  public static Term string(String text) {
    if (!text.chars().allMatch(c -> c > 0 && c < 0x80)) {
      throw new IllegalArgumentException("'" + text + "' is not plain ASCII");
    }
    return new Term(new ByteWriter().u8(0x0D).ascii(text, text.length() + 1, '\0'));
  }

  /** {@code Buffer () { bytes }}. */
  public static Term buffer(byte[] bytes) {
    Term content = new Term(new ByteWriter().bytes(bytes));
    return packaged(new ByteWriter().u8(0x11), integer(bytes.length), List.of(content));
  }

  /** {@code Package () { elements }}, at most 255 of them. */
  public static Term packageOf(List<Term> elements) {
    if (elements.size() > MAX_PACKAGE_ELEMENTS) {
      throw new IllegalArgumentException(
          "an AML package holds at most 255 elements, not " + elements.size());
    }
    Term count = new Term(new ByteWriter().u8(elements.size()));
    return packaged(new ByteWriter().u8(0x12), count, elements);
  }

  /** {@code EisaId (id)}: three letters and four hexadecimal digits in 32 bits (19.3.4). */
  public static Term eisaId(String id) {
    if (!EISA_ID.matcher(id).matches()) {
      throw new IllegalArgumentException(
          "'" + id + "' is no EISA id: three letters A-Z and four digits 0-9, A-F");
    }
    int vendor = (id.charAt(0) - '@') << 10 | (id.charAt(1) - '@') << 5 | (id.charAt(2) - '@');
    int product = Integer.parseInt(id.substring(3), 16);
    // The number is defined with its most significant byte first.
    return integer(Integer.toUnsignedLong(Integer.reverseBytes(vendor << 16 | product)));
  }

  /**
   * {@code ToUUID (uuid)}: the first three fields little-endian, the rest as written (19.6,
   * ToUUID).
   */
  public static Term uuid(String uuid) {
    UUID value = UUID.fromString(uuid.toLowerCase(Locale.ROOT));
    long high = value.getMostSignificantBits();
    ByteWriter out =
        new ByteWriter()
            .u32(high >>> 32)
            .u16((int) (high >>> 16) & 0xFFFF)
            .u16((int) high & 0xFFFF)
            .u64(Long.reverseBytes(value.getLeastSignificantBits()));
    return buffer(out.toByteArray());
  }

  // Operands (20.2.6).

  /** The object at {@code path}, relative to the scope or absolute. */
  public static Term path(String path) {
    ByteWriter out = new ByteWriter();
    NameString.write(out, path);
    return new Term(out);
  }

  /** {@code Arg0} to {@code Arg6}. */
  public static Term arg(int index) {
    return operand(0x68, index, MAX_METHOD_ARGUMENTS);
  }

  /** {@code Local0} to {@code Local7}. */
  public static Term local(int index) {
    return operand(0x60, index, 8);
  }

  // Statements and expressions (20.2.5.3, 20.2.5.4).

  /** {@code Store (source, target)}. */
  public static Term store(Term source, Term target) {
    return op(0x70, source, target);
  }

  /** {@code And (left, right, target)}. */
  public static Term and(Term left, Term right, Term target) {
    return op(0x7B, left, right, target);
  }

  /** {@code Or (left, right, target)}. */
  public static Term or(Term left, Term right, Term target) {
    return op(0x7D, left, right, target);
  }

  /** {@code LEqual (left, right)}. */
  public static Term equal(Term left, Term right) {
    return op(0x93, left, right);
  }

  /** {@code LNot (operand)}. */
  public static Term not(Term operand) {
    return op(0x92, operand);
  }

  /** {@code If (condition) { content }}. */
  public static Term ifThen(Term condition, List<Term> content) {
    return packaged(new ByteWriter().u8(0xA0), condition, content);
  }

  /** {@code Return (value)}. */
  public static Term returnValue(Term value) {
    return op(0xA4, value);
  }

  private static Term operand(int firstOpcode, int index, int count) {
    if (index < 0 || index >= count) {
      throw new IllegalArgumentException("operand " + index + " is not in 0.." + (count - 1));
    }
    return new Term(new ByteWriter().u8(firstOpcode + index));
  }

  private static Term op(int opcode, Term... operands) {
    ByteWriter out = new ByteWriter().u8(opcode);
    for (Term operand : operands) {
      operand.writeTo(out);
    }
    return new Term(out);
  }

  /** Opcode, package length, then the head and the content that the length counts. */
  private static Term packaged(ByteWriter opcode, Term head, List<Term> content) {
    ByteWriter body = new ByteWriter();
    head.writeTo(body);
    content.forEach(term -> term.writeTo(body));
    PkgLength.write(opcode, body.length());
    return new Term(opcode.bytes(body.toByteArray()));
  }
}
