/* Resource limits, see getrlimit(2). */
#ifndef DAEMON_LIMITS_H
#define DAEMON_LIMITS_H

/* As many descriptors as we may have: one for each file that is read, two for each worker. Programs
 * that we start get the usual limit back, see handlers/child.h. */
void limits_raise(void);

#endif
