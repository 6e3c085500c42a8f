/*
 * Leaving the terminal: the double fork of daemon(7), "SysV Daemons", steps 1-15.
 *
 *   original ── waits for the status ─────────────────────── exits with it
 *      └─ session leader (setsid) ── exits at once
 *            └─ the daemon: no terminal can ever become its own again
 *
 * Until detach_done() everything logged in the daemon travels up a pipe and is printed by
 * the original process. The text ends with a NUL byte and the exit status as one more.
 */
#ifndef DAEMON_DETACH_H
#define DAEMON_DETACH_H

/* Steps for every start, also in the foreground: signal mask and dispositions as they were meant
 * to be (but an ignored SIGHUP is kept: nohup(1)), an environment that cannot change what shells
 * do, descriptors 0-2 open, all others kept from children. Call first in main(). */
void detach_prepare(void);

/* The part of it about descriptors 0-2: open(2) takes the lowest number, and a file opened later
 * must not become one of them. What is written to one that was closed still fails. */
void detach_open_standard(void);

/* Closes every descriptor above 2 but those systemd passed. For residents alone: an ad-hoc run may
 * be given /dev/fd/63. */
void detach_close_inherited(void);

/* Returns 0 in the daemon, with `*boot_fd` the end of the pipe to be handed to detach_done(); a
 * negative errno in the original process if it could not fork. In the original process it
 * otherwise never returns. What fails behind the fork is told to the original and ends there. */
int detach(int *boot_fd);

/* Tells the original process to exit with this status, and ends the diversion of the log. */
void detach_done(int boot_fd, int status);

#endif
