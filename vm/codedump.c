/* codedump.c - prints specialised code (`--dump=code`): every Code that the entry reaches by direct calls. */
#include <stdarg.h>
#include <stdio.h>

#include "vm/program.h"

static void print(const TextOut *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void print(const TextOut *out, const char *format, ...) {
  char line[256];
  va_list args;
  va_start(args, format);
  int length = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  if (length > (int)sizeof line - 1) length = (int)sizeof line - 1;
  if (length > 0) out->write(out->ctx, line, (size_t)length);
}

static void insn_dump(const CodeInsn *insn, uint32_t pc, const TextOut *out) {
  print(out, "%6u  sp=%-4u %-14s", pc, insn->sp, op_table[insn->op].name);
  if (op_table[insn->op].flags & OP_BRANCH) print(out, " -> %u%s", insn->a, insn->cost ? " (back)" : "");
  else print(out, " a=%u", insn->a);
  print(out, " b=%u k=%u w=%u v=%u", insn->b, insn->k, insn->w, insn->v);
  if (insn->cost) print(out, " cost=%u", insn->cost);
  if (insn->op == OP_INT_CONST) print(out, " %lld", (long long)insn->x.i);
  if (insn->op == OP_FLOAT_CONST) print(out, " %.17g", insn->x.f);
  print(out, "\n");
}

static void code_dump(const Code *code, const TextOut *out) {
  print(out, "code %u %s: %u arguments, %u locals, frame of %u slots, cost %u\n", code->index, code->function->name,
        code->nargs_slots, code->nlocals_slots, code->frame_slots, code->cost);
  for (uint32_t pc = 0; pc < code->ninsns; pc++) insn_dump(&code->insns[pc], pc, out);
}

void program_dump(Program *program, const TextOut *out) {
  for (uint32_t i = 0; i < program->ncodes; i++) {
    Code *code = program->codes[i];
    if (!code->insns) continue;
    Trap trap = TRAP_NONE;
    for (uint32_t pc = 0; pc < code->ninsns; pc++)
      if (code->insns[pc].op == OP_CALL) program_callee(program, code, &code->insns[pc], &trap);
    code_dump(code, out);
  }
}
