/* The syntax tree: what the parser makes, the checker annotates and the emitter reads.
 *
 * One tagged struct for each class of node: Expr, Stmt, Pattern, TypeExpr, Item; Block, FnDecl, Cond, Param and others
 * are parts of them.  Child lists are arrays with a count.  Everything lives in the compile arena and is zeroed when
 * made.  Fields under "set by the checker" are NULL after parsing; their structs are the checker's own.
 *
 * Interface: the types below; ast_dump prints a tree as S-expressions.
 * Invariants: every node has the span of all its text; a child is never NULL unless its comment says so; after a syntax
 * error the tree is still complete, with EXPR_ERROR, PAT_ERROR and TYPEX_ERROR where text could not be read (an error
 * has then been reported, and the checker gives such nodes a type that fits everything). */
/* Types here carry names that vm/module.h does not use (AstModule, TypeParamDecl, LoopLabel): the checker includes
 * both. */
#ifndef FIRN_COMPILER_AST_H
#define FIRN_COMPILER_AST_H

#include <stdio.h>

#include "arena.h"
#include "source.h"
#include "token.h"

typedef struct Expr Expr;
typedef struct Stmt Stmt;
typedef struct Pattern Pattern;
typedef struct TypeExpr TypeExpr;
typedef struct Item Item;
typedef struct Block Block;
typedef struct FnDecl FnDecl;

/* Owned by other parts; opaque here. */
struct Type;
struct Symbol;
struct CallInfo;
struct MemberInfo;
struct Coercion;
struct ClosureInfo;
struct PatInfo;

/* ---- Types as written ---- */

typedef enum TypeExprKind {
  TYPEX_ERROR,
  TYPEX_NAME,     /* int, Circle, List<int>, geometry.Point; also void and never, as names */
  TYPEX_SELF,     /* Self */
  TYPEX_LIST,     /* [T] */
  TYPEX_MAP,      /* [K: V] */
  TYPEX_TUPLE,    /* (A, B); () is void */
  TYPEX_OPTIONAL, /* T? */
  TYPEX_RESULT,   /* T! */
  TYPEX_FN,       /* fn(A, B) -> R */
} TypeExprKind;

struct TypeExpr {
  TypeExprKind kind;
  Span span;
  const struct Type *type; /* set by the checker */
  union {
    struct {
      Name module; /* the part before the dot, or NULL */
      Span module_span;
      Name name;
      Span name_span;
      TypeExpr **args; /* type arguments */
      size_t arg_count;
      struct Symbol *sym; /* set by the checker */
    } name;
    TypeExpr *element; /* LIST, OPTIONAL, RESULT */
    struct {
      TypeExpr *key, *value;
    } map;
    struct {
      TypeExpr **items;
      size_t count; /* 0 or at least 2 */
    } tuple;
    struct {
      TypeExpr **params;
      size_t param_count;
      TypeExpr *result; /* NULL: void */
    } fn;
  };
};

/* <T: Ord + Hash> in a declaration. */
typedef struct TypeParamDecl {
  Name name;
  Span span;
  TypeExpr **bounds;
  size_t bound_count;
  struct Symbol *sym; /* set by the checker */
} TypeParamDecl;

/* ---- Patterns ---- */

typedef enum PatternKind {
  PAT_ERROR,
  PAT_WILDCARD, /* _ */
  PAT_BIND,     /* x */
  PAT_NIL,      /* nil */
  PAT_LITERAL,  /* 1, -1, 2.5, 'c', "s", true */
  PAT_RANGE,    /* 1..=9, 'a'..'z', 0.., ..10 */
  PAT_CASE,     /* .bin(a, b), Expr.bin(a, b), .red, mod.Enum.case */
  PAT_TUPLE,    /* (a, b) */
  PAT_OR,       /* a | b */
  PAT_TYPE,     /* x: Type, is Type */
} PatternKind;

struct Pattern {
  PatternKind kind;
  Span span;
  const struct Type *type; /* set by the checker: the type of the value that is matched */
  struct Symbol *sym;      /* set by the checker: what BIND or TYPE binds */
  struct PatInfo *info;    /* set by the checker */
  union {
    Name name; /* BIND */
    Expr *literal; /* an EXPR_INT (negative included: the operator is folded), FLOAT, CHAR, STRING or BOOL */
    struct {
      Expr *low, *high; /* literals; NULL when open */
      bool inclusive;
    } range;
    struct {
      TypeExpr *path; /* the enum, or NULL for .case */
      Name name;
      Span name_span;
      Pattern **args;
      size_t arg_count;
      bool has_args; /* parentheses were written */
    } case_;
    struct {
      Pattern **items;
      size_t count;
    } list; /* TUPLE, OR */
    struct {
      Name name; /* NULL: is Type */
      Span name_span;
      TypeExpr *test;
    } type_test;
  };
};

/* ---- Expressions ---- */

typedef enum ExprKind {
  EXPR_ERROR,
  EXPR_NIL,
  EXPR_BOOL,
  EXPR_INT,
  EXPR_FLOAT,
  EXPR_CHAR,
  EXPR_STRING,      /* a literal without interpolation */
  EXPR_INTERP,      /* "a {b:.2} c" */
  EXPR_LIST,        /* [a, b] */
  EXPR_MAP,         /* [k: v], [:] */
  EXPR_TUPLE,       /* (a, b); () is the value of void */
  EXPR_NAME,        /* x; also Self */
  EXPR_SELF,        /* self */
  EXPR_CASE,        /* .red, and the callee of .num(1.0) */
  EXPR_TYPE_ARGS,   /* Stack<int>, directly before ( or . */
  EXPR_MEMBER,      /* a.b, a?.b */
  EXPR_TUPLE_INDEX, /* t.0, t?.0 */
  EXPR_INDEX,       /* a[i]; the index may be an EXPR_RANGE with open ends */
  EXPR_CALL,        /* f(a, label: b) */
  EXPR_CHAIN,       /* the whole of a postfix chain with a ?. in it: nil at a ?. skips all of it */
  EXPR_FORCE,       /* x! */
  EXPR_UNARY,       /* -x !x ~x */
  EXPR_BINARY,      /* a + b, comparisons, &&, ||, ?? */
  EXPR_RANGE,       /* a..b, a..=b */
  EXPR_TRY,         /* try x */
  EXPR_CATCH,       /* x catch y, x catch e { } */
  EXPR_SPAWN,       /* spawn f(x) */
  EXPR_CLOSURE,     /* |x| e */
  EXPR_BLOCK,       /* { } */
  EXPR_IF,
  EXPR_MATCH,
  EXPR_WHILE,
  EXPR_FOR,
  EXPR_RETURN,
  EXPR_BREAK,
  EXPR_CONTINUE,
  EXPR_FAIL,
} ExprKind;

/* A block: its value is its last statement, when that is a STMT_EXPR. */
struct Block {
  Span span; /* with the braces */
  Stmt **stmts;
  size_t count;
  Span end_span; /* the closing brace */
};

typedef struct Arg {
  Name label; /* or NULL */
  Span label_span;
  Expr *value;
} Arg;

/* [[fill]align][sign][0][width][.precision][type] after the colon in "{x:...}". */
typedef struct FormatSpec {
  uint32_t fill;     /* a Unicode scalar; ' ' when not given */
  char align;        /* '<' '>' '^', or 0: by the type of the value */
  char sign;         /* '+' '-' ' ', or 0 */
  bool zero;         /* 0 was written: pad with zeros after the sign */
  bool has_width, has_precision;
  uint32_t width, precision; /* at most FORMAT_MAX */
  char type;         /* one of d x X b o e f s, or 0 */
} FormatSpec;

#define FORMAT_MAX 9999

/* A piece of a string with interpolation: literal text, or a value with its format. */
typedef struct InterpPart {
  Str text;         /* when value is NULL */
  Expr *value;      /* or NULL */
  bool has_format;
  Str format_text;  /* as written, after the colon */
  Span format_span;
  FormatSpec format;
} InterpPart;

/* What if and while test: an expression, or `let pattern = expr`. */
typedef struct Cond {
  Pattern *pattern; /* NULL: a bool */
  bool is_var;      /* `var` in place of `let` */
  Expr *expr;
} Cond;

typedef struct MatchArm {
  Span span;
  Pattern *pattern;
  Expr *guard; /* or NULL */
  Expr *body;  /* an assignment as body comes as an EXPR_BLOCK of one statement */
  void *info;  /* set by the checker */
} MatchArm;

typedef struct ClosureParam {
  Pattern *pattern; /* BIND, WILDCARD or TUPLE */
  TypeExpr *type;   /* or NULL */
} ClosureParam;

/* The name before a loop's colon. */
typedef struct LoopLabel {
  Name name; /* or NULL */
  Span span;
} LoopLabel;

struct Expr {
  ExprKind kind;
  bool paren; /* stood in parentheses of its own: (self.f)(x), (a?.b).c */
  Span span;
  const struct Type *type; /* set by the checker: the type before `coerce` */
  struct Coercion *coerce; /* set by the checker: implicit conversion to the expected type */
  union {
    bool boolean;
    struct {
      uint64_t bits; /* two's complement; a negative sign directly before it is folded in */
      bool radix;    /* hex or binary: all 64 bits may be used */
      bool negative; /* was written with a minus: bits hold the negated value */
    } integer;
    double real;
    uint32_t character; /* a Unicode scalar */
    Str string;         /* escapes done */
    struct {
      InterpPart *parts;
      size_t count;
    } interp;
    struct {
      Expr **items;
      size_t count;
    } list; /* LIST, TUPLE */
    struct {
      Expr **keys, **values;
      size_t count;
    } map;
    struct {
      Name name;
      struct Symbol *sym; /* set by the checker */
    } name; /* NAME, SELF */
    struct {
      Name name;
      Span name_span;
      struct MemberInfo *member; /* set by the checker */
    } case_;
    struct {
      Expr *base; /* a NAME, or a MEMBER of a module's name */
      TypeExpr **args;
      size_t arg_count;
      struct Symbol *sym; /* set by the checker */
      void *info;         /* set by the checker */
    } type_args;
    struct {
      Expr *object;
      Name name;
      Span name_span;
      bool optional;             /* ?. */
      struct Symbol *sym;        /* set by the checker */
      struct MemberInfo *member; /* set by the checker */
    } member;
    struct {
      Expr *object;
      uint32_t index;
      Span index_span;
      bool optional;             /* ?. */
      struct MemberInfo *member; /* set by the checker */
    } tuple_index;
    struct {
      Expr *object, *index;
      struct CallInfo *call; /* set by the checker */
    } index;
    struct {
      Expr *callee;
      Arg *args;
      size_t arg_count;
      Span args_span;        /* with the parentheses */
      struct CallInfo *call; /* set by the checker */
    } call;
    Expr *inner; /* CHAIN, FORCE, TRY, SPAWN, FAIL */
    struct {
      TokenKind op; /* TOK_MINUS, TOK_BANG, TOK_TILDE */
      Span op_span;
      Expr *operand;
      struct CallInfo *call; /* set by the checker */
    } unary;
    struct {
      TokenKind op;
      Span op_span;
      Expr *left, *right;
      struct CallInfo *call; /* set by the checker */
    } binary;
    struct {
      Expr *low, *high; /* NULL when open, which only an index may be */
      bool inclusive;
      Span op_span;
    } range;
    struct {
      Expr *value;
      Name name; /* the error's name, or NULL */
      Span name_span;
      Expr *handler;      /* an EXPR_BLOCK when there is a name */
      struct Symbol *sym; /* set by the checker: the error */
      void *info;         /* set by the checker */
    } catch_;
    struct {
      ClosureParam *params;
      size_t param_count;
      Expr *body;
      struct ClosureInfo *closure; /* set by the checker */
    } closure;
    Block *block;
    struct {
      Cond cond;
      Block *then;
      Expr *otherwise; /* EXPR_BLOCK or EXPR_IF, or NULL */
      void *info;      /* set by the checker */
    } if_;
    struct {
      Expr *subject;
      MatchArm *arms;
      size_t arm_count;
      void *info; /* set by the checker */
    } match;
    struct {
      LoopLabel label;
      Cond cond;
      Block *body;
      void *info; /* set by the checker */
    } while_;
    struct {
      LoopLabel label;
      Pattern *pattern;
      Expr *iterable;
      Block *body;
      void *info; /* set by the checker */
    } for_;
    struct {
      Expr *value; /* or NULL */
    } return_;
    struct {
      LoopLabel label;
      void *info; /* set by the checker: the loop */
    } jump; /* BREAK, CONTINUE */
  };
};

/* ---- Statements ---- */

typedef enum StmtKind {
  STMT_EXPR,
  STMT_LET,    /* let, var, with or without else */
  STMT_ASSIGN, /* =, += and the like */
  STMT_DEFER,
} StmtKind;

struct Stmt {
  StmtKind kind;
  Span span;
  union {
    Expr *expr;
    struct {
      bool is_var, is_pub;
      Pattern *pattern; /* BIND, TUPLE, WILDCARD; any pattern when there is an else */
      TypeExpr *type;   /* or NULL */
      Expr *value;      /* always there (EXPR_ERROR after an error) */
      Block *otherwise; /* of let ... else, or NULL */
      Str doc;
      void *info;       /* set by the checker */
    } let;
    struct {
      TokenKind op; /* TOK_EQ, or the binary operator that is applied: TOK_PLUS for += */
      Span op_span;
      Expr *target; /* NAME, MEMBER, TUPLE_INDEX, INDEX (maybe in a CHAIN) */
      Expr *value;
      struct CallInfo *call; /* set by the checker: the operator */
      struct CallInfo *set;  /* set by the checker: index_set or the like */
      void *info;            /* set by the checker */
    } assign;
    struct {
      Expr *expr; /* CALL (maybe in a CHAIN, TRY, CATCH) or BLOCK */
      void *info; /* set by the checker */
    } defer;
  };
};

/* ---- Declarations ---- */

typedef struct Param {
  Name name;
  Span span;
  TypeExpr *type;
  Expr *fallback; /* the default, or NULL */
  struct Symbol *sym; /* set by the checker */
} Param;

struct FnDecl {
  Name name;
  Span name_span;
  Span span;
  Span head_span; /* up to the result type */
  Str doc;
  bool is_pub;
  bool has_self; /* self is the first parameter; it is not in `params` */
  Span self_span;
  TypeParamDecl *type_params;
  size_t type_param_count;
  Param *params;
  size_t param_count;
  TypeExpr *result; /* NULL: void */
  Expr *body;       /* EXPR_BLOCK, or the expression after =>; NULL: none was written, or see body_pending */
  bool arrow;       /* the body was written => expr */
  bool head_pending; /* type parameters, parameters and result are there, but not parsed yet: call parse_head */
  bool body_pending; /* the body is there, but not parsed yet: call parse_body */
  Span body_span;
  Name host;        /* the module of extern "module" fn, or NULL */
  Span host_span;
  struct Symbol *sym;      /* set by the checker */
  struct Symbol *self_sym; /* set by the checker */
  void *info;              /* set by the checker */
};

/* A field of a class. */
typedef struct FieldDecl {
  Name name;
  Span name_span;
  Span span;
  Str doc;
  bool is_var, is_pub;
  TypeExpr *type;
  Expr *fallback; /* the default, or NULL */
  struct Symbol *sym; /* set by the checker */
} FieldDecl;

/* A value that an enum's case carries. */
typedef struct PayloadDecl {
  Name name; /* or NULL */
  Span span;
  TypeExpr *type;
  struct Symbol *sym; /* set by the checker */
} PayloadDecl;

typedef struct CaseDecl {
  Name name;
  Span name_span;
  Span span;
  Str doc;
  PayloadDecl *payload;
  size_t payload_count;
  struct Symbol *sym; /* set by the checker */
} CaseDecl;

/* import { name as alias }. */
typedef struct ImportName {
  Name name, alias; /* alias == name when no `as` was written */
  Span name_span, alias_span;
  struct Symbol *sym; /* set by the checker */
} ImportName;

typedef enum ItemKind {
  ITEM_FN, /* extern ones too: fn->host */
  ITEM_CLASS, /* extern types too: type.host */
  ITEM_TRAIT,
  ITEM_ENUM,
  ITEM_EXTEND,
  ITEM_TYPE, /* type Name = T */
  ITEM_TEST,
  ITEM_IMPORT,
} ItemKind;

struct Item {
  ItemKind kind;
  bool is_pub;
  Span span;
  Str doc;
  Name name; /* of FN, CLASS, TRAIT, ENUM, TYPE; NULL for the rest */
  Span name_span;
  TypeParamDecl *type_params; /* of CLASS, TRAIT, ENUM, EXTEND, TYPE (FN has its own) */
  size_t type_param_count;
  struct Symbol *sym; /* set by the checker */
  void *info;         /* set by the checker */
  union {
    FnDecl *fn;
    struct {
      Name host;         /* of CLASS: the module of extern "module" type, or NULL */
      TypeExpr *target;  /* of EXTEND; NULL else */
      TypeExpr **traits; /* after the colon; a trait's are those it needs */
      size_t trait_count;
      FieldDecl *fields; /* of CLASS */
      size_t field_count;
      CaseDecl *cases; /* of ENUM */
      size_t case_count;
      FnDecl **methods;
      size_t method_count;
    } type; /* CLASS, TRAIT, ENUM, EXTEND */
    TypeExpr *alias; /* TYPE */
    struct {
      Str name;
      Span name_span;
      Block *body;
    } test;
    struct {
      Str path; /* "./geometry", or "json" for a bare name */
      Span path_span;
      bool is_local;    /* the path was written in quotes */
      Name alias;       /* the name it is known by; NULL when `names` are imported */
      Span alias_span;
      ImportName *names;
      size_t name_count;
    } import;
  };
};

/* One source file. */
typedef struct AstModule {
  Source *source;
  Str doc; /* of the file: a /// comment at its head that an empty line or an import follows */
  Item **imports;
  size_t import_count;
  Item **items; /* all declarations but imports, in order */
  size_t item_count;
  Stmt **stmts; /* the top level's statements, in order */
  size_t stmt_count;
  void *info; /* set by the checker */
} AstModule;

/* Prints a module, one S-expression for each item and statement. */
void ast_dump(const AstModule *m, FILE *out);

#endif
