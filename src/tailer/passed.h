/* Listening sockets that systemd passed, see sd_listen_fds(3). */
#ifndef TAILER_PASSED_H
#define TAILER_PASSED_H

#include "config/tailer_conf.h"

/* Each becomes an option "passed=DESCRIPTOR" of the handler of type "serve" whose name it bears
 * (FileDescriptorName= of its unit). One that nobody wants is logged. Only in the process that they
 * were passed to. 0 or -ENOMEM (logged). */
int passed_assign(struct tailer_conf *conf);

#endif
