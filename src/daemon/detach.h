/*
 * Leaving the terminal: the double fork of daemon(7), "SysV Daemons", steps 1-15.
 *
 *   original ── waits for the status ─────────────────────── exits with it
 *      └─ session leader (setsid) ── exits at once
 *            └─ the daemon: no terminal can ever become its own again
 *
 * Until detach_done() everything logged in the daemon travels up a pipe and is printed by
 * the original process.
 */
#ifndef DAEMON_DETACH_H
#define DAEMON_DETACH_H

/* Steps for every start, also in the foreground: a clean signal mask, dispositions and umask,
 * descriptors 0-2 open, all others closed but those systemd passed. Call first in main(). */
void detach_prepare(void);

/* Returns 0 in the daemon, with `*boot_fd` the pipe's end (-1 after an error) to be handed to
 * detach_done(); a negative errno in the original process if it could not fork. In the
 * original process it otherwise never returns. */
int detach(int *boot_fd);

/* Tells the original process to exit with this status, and ends the diversion of the log. */
void detach_done(int boot_fd, int status);

#endif
