#include "tailer/pull.h"

#include "base/clock.h"
#include "base/status.h"
#include "tailer/loop.h"
#include "tailer/once.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SAVING_NS NS_PER_S /* a client served before us has its end, but is not saved yet */
#define LOOK_MS 2          /* how often for that */
#define LOOK_WAITING_MS 100

/* Waiting for the client before us to be served. */
struct turn {
	bool wait; /* as long as it takes */
	uint64_t until_ns;
};

static bool patient(void *context)
{
	const struct turn *turn = context;
	struct pollfd client = { .fd = STDOUT_FILENO, .events = POLLRDHUP };

	if (poll(&client, 1, turn->wait ? LOOK_WAITING_MS : LOOK_MS) > 0)
		return false; /* it has left */
	return turn->wait || clock_monotonic_ns() < turn->until_ns;
}

static int run(const struct tail_conf *conf, const struct store_place *place,
	uint64_t stop_timeout_ns, bool follow)
{
	struct worker here = { .ready_fd = -1 };

	return follow ? loop_run(conf, place, stop_timeout_ns, &here)
		      : once_run(conf, place, false);
}

int pull_run(const struct tail_conf *conf, const struct store_place *place,
	uint64_t stop_timeout_ns, const struct pull *pull)
{
	static char name[] = "client", type[] = "client";
	static char by_line[] = "ack=line", follow[] = "follow=yes";
	char *options[3] = { NULL };
	size_t count = 0;
	const struct handler_conf client = { .name = name, .type = type, .options = options };
	struct turn turn = { pull->wait, clock_monotonic_ns() + SAVING_NS };
	struct tail_conf pulled = *conf;
	struct store_place own = *place;

	if (conf->ack == ACK_LINE)
		options[count++] = by_line;
	if (pull->follow)
		options[count++] = follow;
	pulled.handler = &client;
	pulled.dead_letter = NULL;
	/* Who leaves at any time has acknowledged nothing by that. */
	own.stays = pull->follow && conf->ack == ACK_CLOSE;
	own.patient = patient;
	own.context = &turn;
	return run(&pulled, &own, stop_timeout_ns, pull->follow);
}

void pull_reset(void)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(STDOUT_FILENO, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}
