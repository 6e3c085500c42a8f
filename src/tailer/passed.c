#include "tailer/passed.h"

#include "base/log.h"
#include "config/strings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

static struct handler_conf *find_server(struct tailer_conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->handler_count; i++)
		if (strcmp(conf->handlers[i].type, "serve") == 0 &&
			strcmp(conf->handlers[i].name, name) == 0)
			return &conf->handlers[i];
	return NULL;
}

static int assign(struct tailer_conf *conf, const char *name, int fd)
{
	struct handler_conf *handler = find_server(conf, name);

	if (!handler)
		log_warning("a socket named \"%s\" was passed (FileDescriptorName=), but no handler"
			    " of type serve has this name",
			name);
	else if (!strings_add(&handler->options, "passed=%d", fd))
		return -ENOMEM;
	return 0;
}

int passed_assign(struct tailer_conf *conf)
{
	char **names = NULL;
	int error = 0, count = sd_listen_fds_with_names(0, &names);

	for (int i = 0; i < count; i++) {
		if (!error)
			error = assign(conf, names[i], SD_LISTEN_FDS_START + i);
		free(names[i]);
	}
	free(names);
	if (error)
		log_error("%s", reason(error));
	return error;
}
