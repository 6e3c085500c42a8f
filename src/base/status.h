/*
 * Exit status of all programs, after the Linux Standard Base (Core 5.0, 22.2 "Init Script
 * Actions").
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

enum {
	STATUS_OK = 0,
	STATUS_FAILURE = 1,
	STATUS_USAGE = 2,
	STATUS_PERMISSION = 4,
	STATUS_CONFIG = 6, /* not configured, or the configuration is wrong */
	STATUS_NOT_RUNNING = 7,
};

#endif
