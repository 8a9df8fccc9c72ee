/* utf8.h - well-formed UTF-8: no surrogates, no overlong forms, nothing beyond U+10FFFF. */
#ifndef FIRN_VM_UTF8_H
#define FIRN_VM_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the well-formed sequence at `text`, of which `length` bytes are there; 0 if there is none. */
size_t utf8_sequence(const char *text, size_t length);

/* Whether all bytes are well-formed UTF-8. */
bool utf8_valid(const char *text, size_t length);

#endif
