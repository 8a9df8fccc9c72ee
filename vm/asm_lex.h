/* asm_lex.h - the tokens of module text (asm.c).
 *
 * Interface: asm_lex_init, then asm_lex_next before each look at lex.token. Comments and spaces are skipped; a newline is a token. Text of strings lies
 * in the module, unescaped; text of other tokens lies in the source. After lex_fail the token is TOKEN_END for good.
 */
#ifndef FIRN_VM_ASM_LEX_H
#define FIRN_VM_ASM_LEX_H

#include "vm/module.h"

typedef enum TokenKind { /* punctuation is its own kind: ( ) < > , : + */
  TOKEN_END = 0,
  TOKEN_NEWLINE = '\n',
  TOKEN_WORD = 0x100, /* letter or _, then those, digits and dots */
  TOKEN_NUMBER,       /* from a digit or - on; what it says is decided by what is wanted */
  TOKEN_STRING,
  TOKEN_CHAR,
  TOKEN_ARROW,
} TokenKind;

typedef struct Token {
  int kind; /* TokenKind */
  const char *text;
  size_t length;
  uint32_t code; /* TOKEN_CHAR */
} Token;

typedef struct Lexer {
  const char *next, *end;
  uint32_t line; /* of `token`, from 1 */
  Token token;
  Module *module;
  ModuleError *error;
  bool failed;
} Lexer;

void asm_lex_init(Lexer *lex, Module *module, const char *text, size_t length, ModuleError *error);

/* Moves on to the next token. */
void asm_lex_next(Lexer *lex);

/* Reports the first error, at a line. */
__attribute__((format(printf, 3, 4))) void asm_lex_fail(Lexer *lex, uint32_t line, const char *format, ...);

#endif
