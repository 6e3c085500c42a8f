/* Signals as a freshly started program expects them. */
#ifndef DAEMON_SIGNALS_H
#define DAEMON_SIGNALS_H

/* None ignored, none blocked. For the start of main(), and between fork(2) and exec(3): a daemon
 * ignores SIGPIPE and a worker blocks what its loop takes, and both would be inherited. */
void signals_reset(void);

#endif
