#include "ctl/output.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>

int output_finish(void)
{
	int error = 0;

	if (fflush(stdout) != 0)
		error = -errno;
	else if (ferror(stdout)) /* of a write before, whose reason is forgotten */
		error = -EIO;
	if (error)
		log_error("standard output: %s", reason(error));
	return error;
}
