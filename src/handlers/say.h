/* How a handler says what is wrong. Messages name the thing first, then the reason. */
#ifndef HANDLERS_SAY_H
#define HANDLERS_SAY_H

#include <linekeeper/handler.h>

/* For check() and open(): writes the reason and returns `error`. */
int refuse(char *reason, size_t size, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Writes result->reason; the first returns LK_FAILED, the second LK_BAD. */
enum lk_verdict fail(struct lk_result *result, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
enum lk_verdict bad_line(struct lk_result *result, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Through settings->log. */
void tell(const struct lk_settings *settings, enum lk_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
