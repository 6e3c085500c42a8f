/* Greets every line. Build: cc -shared -fPIC -o hello.so hello.c */
#include <linekeeper/handler.h>
#include <stdio.h>

static enum lk_verdict process_line(const struct lk_batch *batch, const struct lk_line *line)
{
	printf("hello, %s: %.*s\n", batch->path, (int)line->len, line->data);
	return fflush(stdout) == 0 ? LK_OK : LK_FAILED;
}

LINEKEEPER_HANDLER("hello", process_line);
