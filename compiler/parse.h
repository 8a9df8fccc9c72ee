/* The parser's interface: source text to syntax tree.
 *
 * parse_module reads a whole file; parse_head and parse_body read a function's head and body that a source with `lazy_bodies` put off.
 * Mistakes are reported to the compilation's Diags; the tree is always complete (see ast.h).
 * Invariants: any bytes are safe to parse; nesting is limited to PARSE_MAX_DEPTH, so the C stack is bounded. */
#ifndef FIRN_COMPILER_PARSE_H
#define FIRN_COMPILER_PARSE_H

#include "ast.h"
#include "compilation.h"

#define PARSE_MAX_DEPTH 1000

/* Parses a file. */
AstModule *parse_module(Compilation *c, Source *source);
/* Parses the body of `fn` when it is pending; does nothing else. */
void parse_body(Compilation *c, FnDecl *fn);
void parse_head(Compilation *c, FnDecl *fn); /* the same for what stands between its name and its body, but has_self, which is known */

#endif
