/* What ps(1) shows: "linekeeper-tailer: tail app". */
#ifndef DAEMON_TITLE_H
#define DAEMON_TITLE_H

/* Once, first in main(); the arguments are copied, argv then points to the copies. */
void title_init(int argc, char **argv);

/* Cut to the room that arguments and environment took. */
void title_set(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
