/*
 * What systemd wants to know, see sd_notify(3); all of it does nothing elsewhere.
 * RELOADING=1 goes with MONOTONIC_USEC in one datagram, as Type=notify-reload asks for.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(void);
void notify_status(const char *status);

/* In a forked worker: it and the programs it starts do not speak for the daemon. */
void notify_disown(void);

#endif
