#include "config/target_conf.h"

#include "config/take.h"
#include "config/text.h"

#include <string.h>

#define KEEP_MAX 1000000

static const char *const by_names[] = { "rename", "copytruncate", NULL };
/* In the order of enum pack_format. */
static const char *const compress_names[] = { "no", "gz", "xz", "zst", "bz2", "lz4", NULL };

_Static_assert(sizeof(compress_names) / sizeof(*compress_names) == PACK_FORMATS + 1,
	"there is a name for each format");

bool target_conf_is_socket(const char *target)
{
	return strncmp(target, "unix:", 5) == 0 || strncmp(target, "tcp:", 4) == 0;
}

bool target_conf_take(cfg_t *section, char **target)
{
	const char *value = cfg_getstr(section, "target"), *port;

	if (!value || !target_conf_is_socket(value))
		return take_needs(section, "target") && take_path(section, "target", target);
	port = strrchr(value, ':');
	if (*value == 'u' ? value[5] != '/' : port - value < 5 || !port[1])
		return take_error(section, "target",
			"target = \"%s\": a socket is unix:/path or tcp:host:port", value);
	return take_text(section, "target", target);
}

static bool take_rotate(cfg_t *section, struct rotate_conf *rotate)
{
	int by, compress;

	if (!take_size(section, "size", 0, SIZE_MAX / 2, &rotate->size) ||
		!take_duration(section, "interval", 0, &rotate->interval_ns) ||
		!take_count(section, "keep", 1, KEEP_MAX, &rotate->keep) ||
		!take_choice(section, "by", by_names, &by) ||
		!take_choice(section, "compress", compress_names, &compress))
		return false;
	if (rotate->size == 0 && rotate->interval_ns == 0)
		return take_error(section, NULL, "rotate: size or interval is missing");
	rotate->copy = by == 1;
	rotate->compress = (enum pack_format)compress;
	return true;
}

bool rotate_conf_take(cfg_t *section, struct rotate_conf *rotate)
{
	unsigned count = cfg_size(section, "rotate");

	*rotate = (struct rotate_conf){ 0 };
	if (count > 1)
		return take_error(cfg_getnsec(section, "rotate", 1), NULL,
			"rotate is set twice, first at %s",
			parse_place(cfg_getnsec(section, "rotate", 0), NULL));
	return count == 0 || take_rotate(cfg_getnsec(section, "rotate", 0), rotate);
}

void rotate_conf_write(const struct rotate_conf *rotate, FILE *out)
{
	if (!rotate_conf_is_set(rotate))
		return;
	fputs("\trotate {\n", out);
	if (rotate->size)
		text_size(out, "\tsize", rotate->size);
	if (rotate->interval_ns)
		text_duration(out, "\tinterval", rotate->interval_ns);
	text_count(out, "\tkeep", rotate->keep);
	text_string(out, "\tby", by_names[rotate->copy]);
	text_string(out, "\tcompress", compress_names[rotate->compress]);
	fputs("\t}\n", out);
}

bool rotate_conf_is_set(const struct rotate_conf *rotate)
{
	return rotate->size > 0 || rotate->interval_ns > 0;
}
