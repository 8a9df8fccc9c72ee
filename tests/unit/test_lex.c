/* test_lex.c - tokens, literals and what is wrong with them; arenas, names and the printing of messages. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/compilation.h"
#include "compiler/lex.h"
#include "suite.h"

static Compilation c;
static Source *source;
static Token tokens[256];
static size_t count;

static void lex_bytes(const char *text, size_t len) {
  Lexer lx;
  compilation_init(&c);
  source = sources_add(&c.sources, "test.firn", text, len);
  lex_check_source(&c.diags, source);
  lexer_init(&lx, &c.names, &c.diags, source, 0, source->len);
  for (count = 0; count < 256; count++) {
    lex_next(&lx, &tokens[count]);
    if (tokens[count].kind == TOK_EOF)
      break;
  }
}

static void lex(const char *text) {
  lex_bytes(text, strlen(text));
}

/* Checks the kinds of all tokens, as a list of their names. */
static void check_kinds(const char *text, const char *expected) {
  char got[4096] = "";
  lex(text);
  for (size_t i = 0; i < count; i++) {
    if (i)
      strcat(got, " ");
    strcat(got, token_kind_name((TokenKind)tokens[i].kind));
  }
  ck_assert_str_eq(got, expected);
  compilation_deinit(&c);
}

/* Checks that a text makes one error with this code. */
static void check_error(const char *text, const char *code) {
  lex(text);
  ck_assert_msg(c.diags.count >= 1, "no error in %s", text);
  ck_assert_str_eq(diag_code_text(c.diags.items[0]->code), code);
  compilation_deinit(&c);
}

START_TEST(operators_take_the_longest_match) {
  check_kinds(
      "+ +% +%= += - -> -% ** **= *% *%=",
      "PLUS PLUS_WRAP PLUS_WRAP_EQ PLUS_EQ MINUS ARROW MINUS_WRAP STAR_STAR STAR_STAR_EQ STAR_WRAP STAR_WRAP_EQ");
  check_kinds("< <= << <<= > >= >> >>= >>> >>>=",
              "LT LT_EQ LT_LT LT_LT_EQ GT GT_EQ GT_GT GT_GT_EQ GT_GT_GT GT_GT_GT_EQ");
  check_kinds("x!=y x! =y", "NAME BANG_EQ NAME NAME BANG EQ NAME");
  check_kinds(
      ". .. ..= ? ?. ?? => == = & && &= | || |= ^ ^= ~ !",
      "DOT DOT_DOT DOT_DOT_EQ QUESTION QUESTION_DOT QUESTION_QUESTION FAT_ARROW EQ_EQ EQ AMP AND_AND AMP_EQ PIPE OR_OR "
      "PIPE_EQ CARET CARET_EQ TILDE BANG");
  check_kinds("1..2 t.0.1 1.5 1.abs", "INT DOT_DOT INT NAME DOT INT DOT INT FLOAT INT DOT NAME");
}
END_TEST

START_TEST(contextual_words_are_names) {
  check_kinds("from as test extern type match", "NAME NAME NAME NAME NAME MATCH");
}
END_TEST

START_TEST(numbers_have_values) {
  lex("0 9_000_000_000 0xff 0b1010 0xffff_ffff_ffff_ffff 9223372036854775807 9223372036854775808 1e9 2.5e-3 0.1 "
      "1_0.2_5");
  ck_assert_uint_eq(c.diags.count, 0);
  ck_assert_uint_eq(tokens[1].bits, 9000000000u);
  ck_assert_uint_eq(tokens[2].bits, 255);
  ck_assert_uint_eq(tokens[3].bits, 10);
  ck_assert_uint_eq(tokens[4].bits, UINT64_MAX);
  ck_assert_uint_eq(tokens[5].bits, INT64_MAX);
  ck_assert(tokens[6].flags & TOKEN_TOO_BIG);
  ck_assert(tokens[7].real == 1e9 && tokens[8].real == 2.5e-3 && tokens[9].real == 0.1 && tokens[10].real == 10.25);
  compilation_deinit(&c);
}
END_TEST

START_TEST(bad_numbers_are_reported) {
  check_error("9223372036854775809", "E0014");
  check_error("0x1_0000_0000_0000_0000", "E0014");
  check_error("0x", "E0015");
  check_error("0b12", "E0015");
  check_error("0o17", "E0015");
  check_error("1_", "E0015");
  check_error("12abc", "E0015");
  check_error("1e", "E0015");
  check_error("1e999", "E0020");
}
END_TEST

START_TEST(chars_hold_one_scalar) {
  lex("'x' '\xc3\xa9' '\\n' '\\'' '\\u{1F600}' '\\x41'");
  static const uint32_t expected[] = {'x', 0xe9, '\n', '\'', 0x1f600, 'A'};
  ck_assert_uint_eq(count, 6);
  for (size_t i = 0; i < count; i++)
    ck_assert_uint_eq(tokens[i].bits, expected[i]);
  compilation_deinit(&c);
  check_error("''", "E0012");
  check_error("'ab'", "E0013");
  check_error("'a", "E0005");
  check_error("'\\q'", "E0008");
  check_error("'\\u{D800}'", "E0010");
  check_error("'\\xg0'", "E0009");
}
END_TEST

START_TEST(strings_are_one_token) {
  check_kinds("\"a\" + \"{f(\"}\", '}') /* } */:>5}\" + r\"{\\\"", "STRING PLUS STRING PLUS STRING");
  check_kinds("\"\"\"a \"b\" {\"\"\"c\"\"\"}\"\"\" x", "STRING NAME");
  check_kinds("\"\\u{41}{{}}\\{\"", "STRING");
  check_error("\"abc\nx", "E0004");
  check_error("\"a {b\" x", "E0007");
  check_error("\"\"\"abc", "E0004");
  check_error("\"a\x01\"", "E0002");
}
END_TEST

START_TEST(newlines_and_docs_are_noted) {
  lex("#!/usr/bin/env firn\na // x\n b /* \n /* */ */ c\n/// doc\nd //// none\ne");
  ck_assert_uint_eq(count, 5);
  ck_assert(tokens[0].newline && tokens[1].newline && tokens[2].newline && tokens[3].newline);
  ck_assert(!tokens[2].doc && tokens[3].doc && !tokens[4].doc);
  compilation_deinit(&c);
  check_error("/* /* */", "E0006");
}
END_TEST

START_TEST(bad_bytes_are_reported) {
  check_error("a \xff b", "E0001");
  check_error("\"\xe2\x82\"", "E0001");
  check_error("a \x01", "E0002");
  check_error("$", "E0003");
  lex_bytes("a\0b", 3);
  ck_assert_uint_eq(c.diags.count, 1);
  ck_assert_uint_eq(count, 3);
  compilation_deinit(&c);
}
END_TEST

START_TEST(names_are_interned) {
  lex("foo bar foo");
  ck_assert_ptr_eq(tokens[0].name, tokens[2].name);
  ck_assert_ptr_ne(tokens[0].name, tokens[1].name);
  ck_assert_uint_eq(name_len(tokens[0].name), 3);
  char name[16];
  Name first = names_intern_cstr(&c.names, "n0");
  for (int i = 0; i < 5000; i++) {
    snprintf(name, sizeof name, "n%d", i);
    ck_assert_str_eq(names_intern_cstr(&c.names, name), name);
  }
  ck_assert_ptr_eq(first, names_intern_cstr(&c.names, "n0"));
  compilation_deinit(&c);
}
END_TEST

static char *printed(const DiagPrintOptions *options) {
  char *text;
  size_t len;
  FILE *out = open_memstream(&text, &len);
  diags_print(&c.diags, out, options);
  fclose(out);
  return text;
}

START_TEST(messages_show_their_place) {
  lex("let\n\tx = \xe6\xbc\xa2 'ab'\n");
  c.diags.count = c.diags.errors = 0;
  Diag *d = diag_error(&c.diags, span_make(source->id, 13, 17), DIAG_LONG_CHAR);
  diag_help(d, "try %d", 5);
  diag_note(d, span_make(source->id, 0, 3), "here");
  char *text = printed(NULL);
  ck_assert_str_eq(text, "error[E0013]: a char literal holds one character\n"
                         "  --> test.firn:2:8\n"
                         "   |\n"
                         " 2 |     x = \xe6\xbc\xa2 'ab'\n"
                         "   |            ^^^^\n"
                         "  ::: test.firn:1:1\n"
                         "   |\n"
                         " 1 | let\n"
                         "   | --- here\n"
                         "   = help: try 5\n");
  free(text);
  compilation_deinit(&c);
}
END_TEST

START_TEST(messages_are_sorted_and_capped) {
  lex("a b c d");
  for (uint32_t i = 4; i-- > 0;)
    diag_error(&c.diags, span_make(source->id, 2 * i, 2 * i + 1), DIAG_EMPTY_CHAR);
  diag_error(&c.diags, span_make(source->id, 6, 7), DIAG_EMPTY_CHAR);
  ck_assert_uint_eq(c.diags.errors, 4);
  char *text = printed(&(DiagPrintOptions){.max_shown = 1});
  ck_assert(strstr(text, "test.firn:1:1") && !strstr(text, "test.firn:1:3") && strstr(text, "and 3 more"));
  free(text);
  compilation_deinit(&c);
}
END_TEST

START_TEST(long_lines_are_clipped) {
  char line[5000];
  memset(line, 'x', sizeof line);
  lex_bytes(line, sizeof line);
  diag_error(&c.diags, span_make(source->id, 2500, 4000), DIAG_EMPTY_CHAR);
  char *text = printed(NULL);
  ck_assert_uint_lt(strlen(text), 500);
  free(text);
  compilation_deinit(&c);
}
END_TEST

static Name suggested(const char *wrong, const Name *candidates, size_t ncandidates) {
  NameSuggestion s = {.wrong = wrong};
  for (size_t k = 0; k < ncandidates; k++) name_suggestion_try(&s, candidates[k]);
  return s.best;
}

START_TEST(misspelt_names_get_suggestions) {
  compilation_init(&c);
  static const char *const words[] = {"length", "print", "push", "x"};
  Name names[4];
  for (size_t i = 0; i < 4; i++)
    names[i] = names_intern_cstr(&c.names, words[i]);
  ck_assert_str_eq(suggested("lenght", names, 4), "length");
  ck_assert_str_eq(suggested("pritn", names, 4), "print");
  ck_assert_ptr_null(suggested("y", names, 4));
  ck_assert_ptr_null(suggested("quite_other", names, 4));
  compilation_deinit(&c);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("lex");
  TCase *tcase = tcase_create("lex");
  tcase_add_test(tcase, operators_take_the_longest_match);
  tcase_add_test(tcase, contextual_words_are_names);
  tcase_add_test(tcase, numbers_have_values);
  tcase_add_test(tcase, bad_numbers_are_reported);
  tcase_add_test(tcase, chars_hold_one_scalar);
  tcase_add_test(tcase, strings_are_one_token);
  tcase_add_test(tcase, newlines_and_docs_are_noted);
  tcase_add_test(tcase, bad_bytes_are_reported);
  tcase_add_test(tcase, names_are_interned);
  tcase_add_test(tcase, messages_show_their_place);
  tcase_add_test(tcase, messages_are_sorted_and_capped);
  tcase_add_test(tcase, long_lines_are_clipped);
  tcase_add_test(tcase, misspelt_names_get_suggestions);
  suite_add_tcase(suite, tcase);
  return suite_run(suite);
}
