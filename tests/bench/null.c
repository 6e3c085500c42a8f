/* Takes every line and does nothing with it. */
#include <linekeeper/handler.h>

static enum lk_verdict process_line(const struct lk_batch *batch, const struct lk_line *line)
{
	(void)batch, (void)line;
	return LK_OK;
}

LINEKEEPER_HANDLER("null", process_line);
