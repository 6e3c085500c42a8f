/* The handlers that come with the tailer, one file each. */
#ifndef HANDLERS_BUILTIN_H
#define HANDLERS_BUILTIN_H

#include <linekeeper/handler.h>

extern const struct lk_handler print_handler;
extern const struct lk_handler file_handler;
extern const struct lk_handler exec_handler;
extern const struct lk_handler journal_handler;
extern const struct lk_handler syslog_handler;
extern const struct lk_handler serve_handler;
extern const struct lk_handler client_handler; /* what -i uses */

#endif
