/*
 * Exit status of "linekeeperctl status", after the Linux Standard Base (Core 5.0, 22.2 "Init Script
 * Actions"); the other commands use base/status.h.
 */
#ifndef CTL_STATUS_CODES_H
#define CTL_STATUS_CODES_H

enum {
	LSB_RUNNING = 0,
	LSB_DEAD = 1, /* and has left its .stats file behind */
	LSB_NOT_RUNNING = 3,
	LSB_UNKNOWN = 4, /* or it hangs */
};

#endif
