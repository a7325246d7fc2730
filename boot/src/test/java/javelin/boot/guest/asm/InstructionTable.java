package javelin.boot.guest.asm;

import static javelin.boot.guest.asm.ControlReg.*;
import static javelin.boot.guest.asm.Mem.abs;
import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Mode.BITS16;
import static javelin.boot.guest.asm.Mode.BITS32;
import static javelin.boot.guest.asm.Mode.BITS64;
import static javelin.boot.guest.asm.Reg.*;
import static javelin.boot.guest.asm.Seg.CS;
import static javelin.boot.guest.asm.Seg.DS;
import static javelin.boot.guest.asm.Seg.SS;
import static javelin.boot.guest.asm.Width.*;

import java.util.List;
import java.util.function.BiConsumer;

/** Instructions with their encodings, as GNU as 2.40 gives them for the text. */
final class InstructionTable {
  /**
   * One instruction.
   *
   * @param text the instruction in GNU as's Intel syntax
   * @param hex its encoding
   * @param code the same instruction by our assembler, with a label for those that need one
   */
  record Row(Mode mode, String text, String hex, BiConsumer<Assembler, Label> code) {
    byte[] assemble() {
      Assembler a = new Assembler(0, mode);
      code.accept(a, new Label("1"));
      return a.assemble();
    }

    @Override
    public String toString() {
      return mode + " " + text;
    }
  }

  static final List<Row> ROWS =
      List.of(
          row(BITS64, "mov rax, rbx", "4889d8", (a, l) -> a.mov(RAX, RBX)),
          row(BITS64, "mov r15, r8", "4d89c7", (a, l) -> a.mov(R15, R8)),
          row(BITS64, "mov sil, al", "4088c6", (a, l) -> a.mov(SIL, AL)),
          row(BITS64, "mov bl, r9b", "4488cb", (a, l) -> a.mov(BL, R9B)),
          row(BITS64, "mov dx, r10w", "664489d2", (a, l) -> a.mov(DX, R10W)),
          row(BITS64, "mov eax, dword ptr [rbx+8]", "8b4308", (a, l) -> a.mov(EAX, ptr(RBX, 8))),
          row(BITS64, "mov r12, qword ptr [r13]", "4d8b6500", (a, l) -> a.mov(R12, ptr(R13))),
          row(BITS64, "mov rcx, qword ptr [rsp]", "488b0c24", (a, l) -> a.mov(RCX, ptr(RSP))),
          row(
              BITS64,
              "mov rcx, qword ptr [r12+0x1234]",
              "498b8c2434120000",
              (a, l) -> a.mov(RCX, ptr(R12, 0x1234))),
          row(BITS64, "mov al, byte ptr [rsi]", "8a06", (a, l) -> a.mov(AL, ptr(RSI))),
          row(BITS64, "mov word ptr [rdi-2], cx", "66894ffe", (a, l) -> a.mov(ptr(RDI, -2), CX)),
          row(BITS64, "mov byte ptr [rdi], dil", "40883f", (a, l) -> a.mov(ptr(RDI), DIL)),
          row(
              BITS64,
              "mov rdx, qword ptr [rbp+rcx*8+16]",
              "488b54cd10",
              (a, l) -> a.mov(RDX, ptr(RBP, RCX, 8, 16))),
          row(
              BITS64,
              "mov edx, dword ptr [r13+r9*4]",
              "438b548d00",
              (a, l) -> a.mov(EDX, ptr(R13, R9, 4, 0))),
          row(BITS64, "mov eax, dword ptr [ebx+4]", "678b4304", (a, l) -> a.mov(EAX, ptr(EBX, 4))),
          row(
              BITS64,
              "mov ebx, dword ptr ds:0x1000",
              "8b1c2500100000",
              (a, l) -> a.mov(EBX, abs(0x1000))),
          row(
              BITS64,
              "mov dword ptr [rbx], 5",
              "c70305000000",
              (a, l) -> a.mov(DWORD, ptr(RBX), 5)),
          row(
              BITS64,
              "mov qword ptr [rbx], -1",
              "48c703ffffffff",
              (a, l) -> a.mov(QWORD, ptr(RBX), -1)),
          row(
              BITS64,
              "mov word ptr [rbx], 0xffff",
              "66c703ffff",
              (a, l) -> a.mov(WORD, ptr(RBX), 0xffff)),
          row(
              BITS64,
              "mov byte ptr [rbx+rax], 0x80",
              "c6040380",
              (a, l) -> a.mov(BYTE, ptr(RBX, RAX, 1, 0), 0x80)),
          row(BITS64, "mov eax, 1", "b801000000", (a, l) -> a.mov(RAX, 1)),
          row(BITS64, "mov r9d, 0xfee00000", "41b90000e0fe", (a, l) -> a.mov(R9, 0xfee00000L)),
          row(BITS64, "mov rax, -1", "48c7c0ffffffff", (a, l) -> a.mov(RAX, -1)),
          row(
              BITS64,
              "movabs rax, 0x123456789abcdef0",
              "48b8f0debc9a78563412",
              (a, l) -> a.mov(RAX, 0x123456789abcdef0L)),
          row(BITS64, "mov bl, 0xff", "b3ff", (a, l) -> a.mov(BL, 0xff)),
          row(BITS64, "mov spl, 1", "40b401", (a, l) -> a.mov(SPL, 1)),
          row(BITS64, "mov cx, 0x8000", "66b90080", (a, l) -> a.mov(CX, 0x8000)),
          row(BITS64, "mov edi, 0xffffffff", "bfffffffff", (a, l) -> a.mov(EDI, -1)),
          row(BITS64, "mov ds, eax", "8ed8", (a, l) -> a.mov(DS, EAX)),
          row(BITS64, "mov ss, r8d", "418ed0", (a, l) -> a.mov(SS, R8D)),
          row(BITS64, "mov eax, cs", "8cc8", (a, l) -> a.mov(EAX, CS)),
          row(
              BITS64,
              "movzx eax, byte ptr [rsi]",
              "0fb606",
              (a, l) -> a.movzx(EAX, BYTE, ptr(RSI))),
          row(BITS64, "movzx ecx, sil", "400fb6ce", (a, l) -> a.movzx(ECX, BYTE, SIL)),
          row(
              BITS64,
              "movzx rdx, word ptr [rsi+2]",
              "480fb75602",
              (a, l) -> a.movzx(RDX, WORD, ptr(RSI, 2))),
          row(
              BITS64,
              "lea rax, [rbx+rcx*2-1]",
              "488d444bff",
              (a, l) -> a.lea(RAX, ptr(RBX, RCX, 2, -1))),
          row(BITS64, "xchg qword ptr [rdi], rax", "488707", (a, l) -> a.xchg(ptr(RDI), RAX)),
          row(BITS64, "xchg byte ptr [rdi], cl", "860f", (a, l) -> a.xchg(ptr(RDI), CL)),
          row(BITS64, "add rax, rbx", "4801d8", (a, l) -> a.add(RAX, RBX)),
          row(BITS64, "add dword ptr [rsi], edx", "0116", (a, l) -> a.add(ptr(RSI), EDX)),
          row(BITS64, "add r8, qword ptr [r9]", "4d0301", (a, l) -> a.add(R8, ptr(R9))),
          row(BITS64, "add rsp, 8", "4883c408", (a, l) -> a.add(RSP, 8)),
          row(BITS64, "add rax, 0x12345", "480545230100", (a, l) -> a.add(RAX, 0x12345)),
          row(BITS64, "add ebx, 0x12345", "81c345230100", (a, l) -> a.add(EBX, 0x12345)),
          row(BITS64, "add qword ptr [rdi], 1", "48830701", (a, l) -> a.add(QWORD, ptr(RDI), 1)),
          row(BITS64, "or al, 0x20", "0c20", (a, l) -> a.or(AL, 0x20)),
          row(BITS64, "or bl, 0x20", "80cb20", (a, l) -> a.or(BL, 0x20)),
          row(BITS64, "or eax, 0x80000000", "0d00000080", (a, l) -> a.or(EAX, 0x80000000L)),
          row(BITS64, "and rsp, -16", "4883e4f0", (a, l) -> a.and(RSP, -16)),
          row(BITS64, "and ecx, 0xfffffff0", "83e1f0", (a, l) -> a.and(ECX, 0xfffffff0L)),
          row(
              BITS64,
              "and dword ptr [rax], 0xff",
              "8120ff000000",
              (a, l) -> a.and(DWORD, ptr(RAX), 0xff)),
          row(BITS64, "sub rcx, rdx", "4829d1", (a, l) -> a.sub(RCX, RDX)),
          row(BITS64, "sub ax, 0x1234", "662d3412", (a, l) -> a.sub(AX, 0x1234)),
          row(BITS64, "xor eax, eax", "31c0", (a, l) -> a.xor(EAX, EAX)),
          row(BITS64, "xor r10, qword ptr [rbx]", "4c3313", (a, l) -> a.xor(R10, ptr(RBX))),
          row(BITS64, "cmp r14, r15", "4d39fe", (a, l) -> a.cmp(R14, R15)),
          row(BITS64, "cmp cx, 0xffff", "6683f9ff", (a, l) -> a.cmp(CX, 0xffff)),
          row(BITS64, "cmp byte ptr [rsi], 0", "803e00", (a, l) -> a.cmp(BYTE, ptr(RSI), 0)),
          row(
              BITS64,
              "cmp dword ptr [rsi+4], 0x43495041",
              "817e0441504943",
              (a, l) -> a.cmp(DWORD, ptr(RSI, 4), 0x43495041)),
          row(BITS64, "test al, 1", "a801", (a, l) -> a.test(AL, 1)),
          row(BITS64, "test bl, 1", "f6c301", (a, l) -> a.test(BL, 1)),
          row(BITS64, "test rdx, rdx", "4885d2", (a, l) -> a.test(RDX, RDX)),
          row(BITS64, "test eax, 0x400", "a900040000", (a, l) -> a.test(EAX, 0x400)),
          row(BITS64, "test r8d, 0x400", "41f7c000040000", (a, l) -> a.test(R8D, 0x400)),
          row(
              BITS64,
              "test byte ptr [rsi+5], 0x20",
              "f6460520",
              (a, l) -> a.test(BYTE, ptr(RSI, 5), 0x20)),
          row(BITS64, "inc ecx", "ffc1", (a, l) -> a.inc(ECX)),
          row(BITS64, "inc qword ptr [rdi]", "48ff07", (a, l) -> a.inc(QWORD, ptr(RDI))),
          row(BITS64, "dec r11", "49ffcb", (a, l) -> a.dec(R11)),
          row(BITS64, "dec byte ptr [rdi]", "fe0f", (a, l) -> a.dec(BYTE, ptr(RDI))),
          row(BITS64, "mul rcx", "48f7e1", (a, l) -> a.mul(RCX)),
          row(BITS64, "div r9", "49f7f1", (a, l) -> a.div(R9)),
          row(BITS64, "div ecx", "f7f1", (a, l) -> a.div(ECX)),
          row(BITS64, "shl rdx, 32", "48c1e220", (a, l) -> a.shl(RDX, 32)),
          row(BITS64, "shr al, 4", "c0e804", (a, l) -> a.shr(AL, 4)),
          row(BITS64, "shr r8d, 1", "41d1e8", (a, l) -> a.shr(R8D, 1)),
          row(BITS64, "push rbp", "55", (a, l) -> a.push(RBP)),
          row(BITS64, "push r12", "4154", (a, l) -> a.push(R12)),
          row(BITS64, "pop rsp", "5c", (a, l) -> a.pop(RSP)),
          row(BITS64, "pop r8", "4158", (a, l) -> a.pop(R8)),
          row(BITS64, "push 8", "6a08", (a, l) -> a.push(8)),
          row(BITS64, "push 0x12345", "6845230100", (a, l) -> a.push(0x12345)),
          row(BITS64, "pushfq", "9c", (a, l) -> a.pushf()),
          row(BITS64, "popfq", "9d", (a, l) -> a.popf()),
          row(BITS64, "call rax", "ffd0", (a, l) -> a.call(RAX)),
          row(BITS64, "jmp r11", "41ffe3", (a, l) -> a.jmp(R11)),
          row(BITS64, "sete al", "0f94c0", (a, l) -> a.set(Cond.E, AL)),
          row(BITS64, "setb sil", "400f92c6", (a, l) -> a.set(Cond.B, SIL)),
          row(BITS64, "ret", "c3", (a, l) -> a.ret()),
          row(BITS64, "in al, 0x60", "e460", (a, l) -> a.in(AL, 0x60)),
          row(BITS64, "in ax, 0xe0", "66e5e0", (a, l) -> a.in(AX, 0xe0)),
          row(BITS64, "in eax, dx", "ed", (a, l) -> a.inDx(EAX)),
          row(BITS64, "in al, dx", "ec", (a, l) -> a.inDx(AL)),
          row(BITS64, "out 0xf4, al", "e6f4", (a, l) -> a.out(0xf4, AL)),
          row(BITS64, "out 0xe0, eax", "e7e0", (a, l) -> a.out(0xe0, EAX)),
          row(BITS64, "out dx, ax", "66ef", (a, l) -> a.outDx(AX)),
          row(BITS64, "out dx, al", "ee", (a, l) -> a.outDx(AL)),
          row(BITS64, "rep movsb", "f3a4", (a, l) -> a.rep().movs(BYTE)),
          row(BITS64, "rep movsq", "f348a5", (a, l) -> a.rep().movs(QWORD)),
          row(BITS64, "rep stosw", "66f3ab", (a, l) -> a.rep().stos(WORD)),
          row(BITS64, "rep stosd", "f3ab", (a, l) -> a.rep().stos(DWORD)),
          row(BITS64, "lodsd", "ad", (a, l) -> a.lods(DWORD)),
          row(BITS64, "rep insb", "f36c", (a, l) -> a.rep().ins(BYTE)),
          row(BITS64, "rep outsb", "f36e", (a, l) -> a.rep().outs(BYTE)),
          row(BITS64, "outsd", "6f", (a, l) -> a.outs(DWORD)),
          row(BITS64, "cld", "fc", (a, l) -> a.cld()),
          row(
              BITS64,
              "lock xadd dword ptr [rbx], eax",
              "f00fc103",
              (a, l) -> a.lock().xadd(ptr(RBX), EAX)),
          row(
              BITS64,
              "lock xadd word ptr [rbx], r9w",
              "66f0440fc10b",
              (a, l) -> a.lock().xadd(ptr(RBX), R9W)),
          row(
              BITS64,
              "lock inc dword ptr [rbx]",
              "f0ff03",
              (a, l) -> a.lock().inc(DWORD, ptr(RBX))),
          row(
              BITS64,
              "lock cmpxchg qword ptr [r8], rcx",
              "f0490fb108",
              (a, l) -> a.lock().cmpxchg(ptr(R8), RCX)),
          row(
              BITS64,
              "lock cmpxchg byte ptr [r8], cl",
              "f0410fb008",
              (a, l) -> a.lock().cmpxchg(ptr(R8), CL)),
          row(BITS64, "cpuid", "0fa2", (a, l) -> a.cpuid()),
          row(BITS64, "rdmsr", "0f32", (a, l) -> a.rdmsr()),
          row(BITS64, "wrmsr", "0f30", (a, l) -> a.wrmsr()),
          row(BITS64, "rdtsc", "0f31", (a, l) -> a.rdtsc()),
          row(BITS64, "rdtscp", "0f01f9", (a, l) -> a.rdtscp()),
          row(BITS64, "lgdt [rax]", "0f0110", (a, l) -> a.lgdt(ptr(RAX))),
          row(BITS64, "lidt [r9+8]", "410f015908", (a, l) -> a.lidt(ptr(R9, 8))),
          row(BITS64, "ltr ax", "0f00d8", (a, l) -> a.ltr(AX)),
          row(BITS64, "ltr r8w", "410f00d8", (a, l) -> a.ltr(R8W)),
          row(BITS64, "mov rax, cr0", "0f20c0", (a, l) -> a.mov(RAX, CR0)),
          row(BITS64, "mov rcx, cr2", "0f20d1", (a, l) -> a.mov(RCX, CR2)),
          row(BITS64, "mov cr3, rdi", "0f22df", (a, l) -> a.mov(CR3, RDI)),
          row(BITS64, "mov cr4, r9", "410f22e1", (a, l) -> a.mov(CR4, R9)),
          row(BITS64, "mov cr8, rax", "440f22c0", (a, l) -> a.mov(CR8, RAX)),
          row(BITS64, "invlpg [rdi]", "0f013f", (a, l) -> a.invlpg(ptr(RDI))),
          row(BITS64, "hlt", "f4", (a, l) -> a.hlt()),
          row(BITS64, "cli", "fa", (a, l) -> a.cli()),
          row(BITS64, "sti", "fb", (a, l) -> a.sti()),
          row(BITS64, "pause", "f390", (a, l) -> a.pause()),
          row(BITS64, "nop", "90", (a, l) -> a.nop()),
          row(BITS64, "mfence", "0faef0", (a, l) -> a.mfence()),
          row(BITS64, "int3", "cc", (a, l) -> a.int3()),
          row(BITS64, "int 0x80", "cd80", (a, l) -> a.interrupt(0x80)),
          row(BITS64, "ud2", "0f0b", (a, l) -> a.ud2()),
          row(BITS64, "lretq", "48cb", (a, l) -> a.lretq()),
          row(BITS64, "iretq", "48cf", (a, l) -> a.iretq()),
          row(BITS64, "1: dec ecx; jnz 1b", "ffc975fc", (a, l) -> a.label(l).dec(ECX).jnz(l)),
          row(BITS64, "1: jmp 1b", "ebfe", (a, l) -> a.label(l).jmp(l)),
          row(BITS64, "1: call 1b", "e8fbffffff", (a, l) -> a.label(l).call(l)),
          row(
              BITS64,
              "{disp32} jmp 1f; nop; 1:",
              "e90100000090",
              (a, l) -> a.jmp(l).nop().label(l)),
          row(
              BITS64,
              "{disp32} ja 1f; nop; 1:",
              "0f870100000090",
              (a, l) -> a.j(Cond.A, l).nop().label(l)),
          row(
              BITS64,
              "lea rsi, [rip+1f]; nop; 1:",
              "488d350100000090",
              (a, l) -> a.lea(RSI, ptr(l)).nop().label(l)),
          row(
              BITS64,
              "mov byte ptr [rip+1f], 7; nop; 1:",
              "c605010000000790",
              (a, l) -> a.mov(BYTE, ptr(l), 7).nop().label(l)),
          row(
              BITS64,
              "cmp dword ptr [rip+1f], 0x1234; nop; 1:",
              "813d010000003412000090",
              (a, l) -> a.cmp(DWORD, ptr(l), 0x1234).nop().label(l)),
          row(
              BITS64,
              "cmp qword ptr [rip+1f+8], 1; nop; 1:",
              "48833d090000000190",
              (a, l) -> a.cmp(QWORD, ptr(l, 8), 1).nop().label(l)),
          row(BITS32, "mov eax, 0x80000000", "b800000080", (a, l) -> a.mov(EAX, 0x80000000L)),
          row(BITS32, "mov eax, dword ptr [ebx+8]", "8b4308", (a, l) -> a.mov(EAX, ptr(EBX, 8))),
          row(
              BITS32,
              "mov ecx, dword ptr ds:0xfee00020",
              "8b0d2000e0fe",
              (a, l) -> a.mov(ECX, abs(0xfee00020))),
          row(BITS32, "mov cx, word ptr [esp+4]", "668b4c2404", (a, l) -> a.mov(CX, ptr(ESP, 4))),
          row(BITS32, "inc dword ptr [ecx]", "ff01", (a, l) -> a.inc(DWORD, ptr(ECX))),
          row(BITS32, "push ebx", "53", (a, l) -> a.push(EBX)),
          row(BITS32, "pop esi", "5e", (a, l) -> a.pop(ESI)),
          row(BITS32, "mov ss, eax", "8ed0", (a, l) -> a.mov(SS, EAX)),
          row(BITS32, "mov cr0, eax", "0f22c0", (a, l) -> a.mov(CR0, EAX)),
          row(BITS32, "mov eax, cr4", "0f20e0", (a, l) -> a.mov(EAX, CR4)),
          row(BITS32, "lgdt [ebx]", "0f0113", (a, l) -> a.lgdt(ptr(EBX))),
          row(BITS32, "wrmsr", "0f30", (a, l) -> a.wrmsr()),
          row(BITS32, "1: jmp 1b", "ebfe", (a, l) -> a.label(l).jmp(l)),
          row(
              BITS32,
              "{disp32} jz 1f; nop; 1:",
              "0f840100000090",
              (a, l) -> a.jz(l).nop().label(l)),
          row(BITS16, "cli", "fa", (a, l) -> a.cli()),
          row(BITS16, "xor ax, ax", "31c0", (a, l) -> a.xor(AX, AX)),
          row(BITS16, "mov ds, ax", "8ed8", (a, l) -> a.mov(DS, AX)),
          row(BITS16, "mov eax, cr0", "0f20c0", (a, l) -> a.mov(EAX, CR0)),
          row(BITS16, "or al, 1", "0c01", (a, l) -> a.or(AL, 1)),
          row(BITS16, "mov cr0, eax", "0f22c0", (a, l) -> a.mov(CR0, EAX)),
          row(BITS16, "mov ebx, 0x123456", "66bb56341200", (a, l) -> a.mov(EBX, 0x123456)),
          row(BITS16, "mov ax, 0x1234", "b83412", (a, l) -> a.mov(AX, 0x1234)),
          row(BITS16, "mov cx, word ptr ds:0x40", "8b0e4000", (a, l) -> a.mov(CX, abs(0x40))),
          row(
              BITS16,
              "mov dword ptr ds:0x500, ecx",
              "66890e0005",
              (a, l) -> a.mov(abs(0x500), ECX)),
          row(BITS16, "mov al, byte ptr [ebx]", "678a03", (a, l) -> a.mov(AL, ptr(EBX))),
          row(BITS16, "lgdtd ds:0x30", "660f01163000", (a, l) -> a.lgdt(abs(0x30))),
          row(BITS16, "lidtd ds:0x36", "660f011e3600", (a, l) -> a.lidt(abs(0x36))),
          row(BITS16, "push cx", "51", (a, l) -> a.push(CX)),
          row(BITS16, "out 0x80, al", "e680", (a, l) -> a.out(0x80, AL)),
          row(BITS16, "hlt", "f4", (a, l) -> a.hlt()),
          row(BITS16, "1: jmp 1b", "ebfe", (a, l) -> a.label(l).jmp(l)),
          row(BITS16, "{disp16} jc 1f; nop; 1:", "0f82010090", (a, l) -> a.jb(l).nop().label(l)));

  private InstructionTable() {}

  private static Row row(Mode mode, String text, String hex, BiConsumer<Assembler, Label> code) {
    return new Row(mode, text, hex, code);
  }
}
