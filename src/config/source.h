/*
 * The text of a configuration file, read and looked through before libconfuse sees it.
 *
 * libconfuse 3.3 calls exit() for a directory, takes a missing '}' at the end for granted, drops
 * bytes it does not know without a word, is left in the middle of a string by a bad escape, counts
 * a line too many for each comment, refuses comments inside lists, and reads an unset variable as
 * nothing. All of that is found or removed here. Its lexer (lexer.l) is the source of the rules.
 */
#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include <stddef.h>

#define SOURCE_SIZE_MAX ((size_t)1024 * 1024)

/* Reads `file`, a regular file, and blanks its comments out; *text is NUL-terminated, without other
 * NULs, and the caller's to free. 0, or a negative errno after logging FILE:LINE: message. */
int source_load(const char *file, char **text, size_t *len);

#endif
