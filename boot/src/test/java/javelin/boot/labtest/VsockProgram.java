package javelin.boot.labtest;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.EAX;
import static javelin.boot.guest.asm.Reg.EBX;
import static javelin.boot.guest.asm.Reg.EDI;
import static javelin.boot.guest.asm.Reg.EDX;
import static javelin.boot.guest.asm.Reg.ESI;
import static javelin.boot.guest.asm.Reg.RAX;
import static javelin.boot.guest.asm.Reg.RSI;
import static javelin.boot.guest.asm.Reg.RSP;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.asm.Mode;
import javelin.boot.guest.asm.Reg;

/**
 * A program for the guest, whose busybox knows no AF_VSOCK: it connects to the host, or waits for
 * the host to connect, and becomes the program of its arguments, with the connection as standard
 * input and output. Numbers are those of Linux's x86-64 system calls, {@code linux/socket.h} and
 * {@code linux/vm_sockets.h}; the file is an ELF executable (System V ABI, chapters 4 and 5).
 */
final class VsockProgram {
  private static final int SYS_SOCKET = 41;
  private static final int SYS_CONNECT = 42;
  private static final int SYS_ACCEPT = 43;
  private static final int SYS_BIND = 49;
  private static final int SYS_LISTEN = 50;
  private static final int SYS_DUP2 = 33;
  private static final int SYS_EXECVE = 59;
  private static final int SYS_EXIT = 60;
  private static final int AF_VSOCK = 40;
  private static final int SOCK_STREAM = 1;
  private static final int CID_HOST = 2;
  private static final int CID_ANY = -1;
  private static final int ADDRESS_BYTES = 16;

  private static final int BASE = 0x40_0000;
  private static final int ELF_HEADER = 64;
  private static final int PROGRAM_HEADER = 56;

  private final Assembler code = new Assembler(BASE + ELF_HEADER + PROGRAM_HEADER, Mode.BITS64);
  private final Label failed = new Label("failed");
  private final Label address = new Label("address");

  private VsockProgram() {}

  /** One that connects to the host's {@code port}. */
  static byte[] dial(int port) {
    VsockProgram program = new VsockProgram();
    program.socket();
    program.onSocketWithAddress(SYS_CONNECT);
    return program.finish(port, CID_HOST);
  }

  /** One that takes the first connection to the guest's {@code port}. */
  static byte[] serve(int port) {
    VsockProgram program = new VsockProgram();
    program.socket();
    program.onSocketWithAddress(SYS_BIND);
    program.code.mov(EDI, EBX).mov(ESI, 1);
    program.call(SYS_LISTEN);
    program.code.mov(EDI, EBX).mov(ESI, 0).mov(EDX, 0);
    program.call(SYS_ACCEPT);
    program.code.mov(EBX, EAX);
    return program.finish(port, CID_ANY);
  }

  private void socket() {
    code.mov(EDI, AF_VSOCK).mov(ESI, SOCK_STREAM).mov(EDX, 0);
    call(SYS_SOCKET);
    code.mov(EBX, EAX);
  }

  private void onSocketWithAddress(int number) {
    code.mov(EDI, EBX).mov(ESI, address).mov(EDX, ADDRESS_BYTES);
    call(number);
  }

  /** Any error ends the program. */
  private void call(int number) {
    code.mov(EAX, number).db(0x0f, 0x05).cmp(RAX, 0).j(Cond.L, failed);
  }

  private byte[] finish(int port, int cid) {
    for (int descriptor = 0; descriptor < 2; descriptor++) {
      code.mov(EDI, EBX).mov(ESI, descriptor);
      call(SYS_DUP2);
    }
    // On entry: the number of arguments, the program's own name, then the program to become.
    code.mov(Reg.RDI, ptr(RSP, 16)).lea(RSI, ptr(RSP, 16)).mov(EDX, 0);
    call(SYS_EXECVE);
    code.label(failed).mov(EDI, 1).mov(EAX, SYS_EXIT).db(0x0f, 0x05);
    code.align(8).label(address).dw(AF_VSOCK, 0).dd(port, cid, 0);
    return elf(code.assemble());
  }

  private static byte[] elf(byte[] code) {
    int size = ELF_HEADER + PROGRAM_HEADER + code.length;
    ByteBuffer file = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
    file.putShort((short) 2).putShort((short) 62).putInt(1); // executable, x86-64
    file.putLong(BASE + ELF_HEADER + PROGRAM_HEADER).putLong(ELF_HEADER).putLong(0).putInt(0);
    file.putShort((short) ELF_HEADER).putShort((short) PROGRAM_HEADER).putShort((short) 1);
    file.position(ELF_HEADER);
    file.putInt(1).putInt(5).putLong(0).putLong(BASE).putLong(BASE); // loaded, read and executed
    file.putLong(size).putLong(size).putLong(0x1000);
    return file.put(code).array();
  }
}
