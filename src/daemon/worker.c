#include "daemon/worker.h"

#include "base/file.h"
#include "base/log.h"
#include "daemon/beat.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct worker *worker = context;

	(void)source;
	/* The terminal's signals come from no process. */
	if (info->ssi_pid != 0 && (pid_t)info->ssi_pid != getppid())
		worker->stopped_by_other = true;
	worker->signals->stop(worker->signals->context);
	return 0;
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	const struct worker *worker = context;

	(void)source, (void)info;
	worker->signals->reload(worker->signals->context);
	return 0;
}

static bool is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static int add_signals(sd_event *loop, struct worker *worker)
{
	int error = sd_event_add_signal(loop, NULL, SIGTERM, on_stop, worker);

	if (error >= 0)
		error = sd_event_add_signal(loop, NULL, SIGINT, on_stop, worker);
	if (error >= 0 && !(worker->adhoc && is_ignored(SIGHUP)))
		error = sd_event_add_signal(
			loop, NULL, SIGHUP, worker->adhoc ? on_stop : on_reload, worker);
	return error < 0 ? error : 0;
}

static int block_signals(bool adhoc)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	if (!(adhoc && is_ignored(SIGHUP)))
		sigaddset(&blocked, SIGHUP);
	return sigprocmask(SIG_BLOCK, &blocked, NULL) < 0 ? -errno : 0;
}

int worker_loop(struct worker *worker, const struct worker_signals *signals, sd_event **loop)
{
	sd_event *made = NULL;
	int error = block_signals(worker->adhoc);

	if (error == 0)
		error = sd_event_new(&made);
	if (error < 0)
		return error;
	worker->signals = signals;
	error = add_signals(made, worker);
	if (error == 0 && worker->stats)
		error = beat_start(made, &worker->stats->beat_ns);
	if (error < 0) {
		sd_event_unref(made);
		return error;
	}
	*loop = made;
	return 0;
}

void worker_ready(struct worker *worker)
{
	if (worker->ready_fd < 0)
		return;
	log_divert(-1);
	if (worker->boot_fd >= 0)
		close(worker->boot_fd);
	(void)file_write_all(worker->ready_fd, "", 1); /* its reader dies only with us */
	close(worker->ready_fd);
	worker->boot_fd = worker->ready_fd = -1;
}
