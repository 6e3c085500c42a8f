#include "daemon/signals.h"

#include <signal.h>

/* Handlers do not survive exec(2): all that can be inherited is a signal being ignored. */
void signals_reset(void)
{
	struct sigaction inherited;
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		if (sigaction(number, NULL, &inherited) == 0 && inherited.sa_handler == SIG_IGN)
			signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
