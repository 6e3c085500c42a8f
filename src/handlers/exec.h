/* The two ways of the exec handler. Their settings have been checked. */
#ifndef HANDLERS_EXEC_H
#define HANDLERS_EXEC_H

#include <linekeeper/handler.h>

extern const struct lk_handler exec_stream;    /* a child that lives as long as the section */
extern const struct lk_handler exec_processor; /* a command for each batch of lines */

#endif
