/* What a request asks for, and the status it is refused with. */
#include "ctl/http.h"

#include "room.h"

#define HOST "\r\nHost: localhost\r\n\r\n"

static int status_of(const char *head, enum http_method *method)
{
	char *copy = strdup(head);
	int status = http_parse(copy, method);

	free(copy);
	return status;
}

static void assert_status(int expected, const char *head)
{
	enum http_method method;
	int status = status_of(head, &method);

	if (status != expected)
		fail_msg("%d instead of %d for \"%s\"", status, expected, head);
}

static void test_what_is_here(void **state)
{
	enum http_method method;

	(void)state;
	assert_int_equal(status_of("GET /metrics HTTP/1.1" HOST, &method), 200);
	assert_int_equal(method, HTTP_GET);
	assert_int_equal(status_of("HEAD /metrics HTTP/1.1" HOST, &method), 200);
	assert_int_equal(method, HTTP_HEAD);
	assert_status(200, "GET /metrics HTTP/1.0\r\n\r\n");
	assert_status(200, "GET /metrics HTTP/1.0\n\n");
	assert_status(200, "GET /metrics?x=/y HTTP/1.1" HOST);
	assert_status(200, "GET http://localhost:9917/metrics HTTP/1.1" HOST);
	assert_status(200, "GET /metrics HTTP/1.1\r\nAccept: */*\r\nhOST:x\r\nA:\r\n\r\n");
}

static void test_what_is_not(void **state)
{
	(void)state;
	assert_status(404, "GET / HTTP/1.1" HOST);
	assert_status(404, "GET /metrics/ HTTP/1.1" HOST);
	assert_status(404, "GET /metricsx HTTP/1.1" HOST);
	assert_status(404, "GET http://localhost HTTP/1.1" HOST);
	assert_status(404, "GET /etc/passwd HTTP/1.1" HOST);
	assert_status(405, "POST /metrics HTTP/1.1" HOST);
	assert_status(405, "get /metrics HTTP/1.1" HOST);
	assert_status(505, "GET /metrics HTTP/2.0" HOST);
	assert_status(505, "GET /metrics HTTP/1.10" HOST);
}

static void test_what_is_no_request(void **state)
{
	(void)state;
	assert_status(400, "\r\n\r\n");
	assert_status(400, "GET\r\n\r\n");
	assert_status(400, "GET /metrics\r\n\r\n");
	assert_status(400, "GET  /metrics HTTP/1.1" HOST);
	assert_status(400, " GET /metrics HTTP/1.1" HOST);
	assert_status(400, "GET /metrics HTTP/1.1 x" HOST);
	assert_status(400, "GET metrics HTTP/1.1" HOST);
	assert_status(400, "GET /metrics HTTP/1.x" HOST);
	assert_status(400, "GET /metrics FTP/1.1" HOST);
	assert_status(400, "GET /metrics HTTP/1.1\r\n\r\n");
	assert_status(400, "GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
	assert_status(400, "GET /metrics HTTP/1.0\r\nno field\r\n\r\n");
	assert_status(400, "GET /metrics HTTP/1.0\r\nA : b\r\n\r\n");
	assert_status(400, "GET /metrics HTTP/1.0\r\n: b\r\n\r\n");
	assert_status(400, "\x16\x03\x01\x02\r\n\r\n"); /* TLS */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_here),
		cmocka_unit_test(test_what_is_not),
		cmocka_unit_test(test_what_is_no_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
