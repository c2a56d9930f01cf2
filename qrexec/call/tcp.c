/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP by numbers (tcp.h). Not getaddrinfo(): it would bring the name service and its
 * libraries into each program that may have to serve a call.
 */
#include "qrexec/call/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

/* The interface's number by name or in decimal, 0: there is none. */
static uint32_t scope_of(const char *text)
{
	unsigned long n;

	return io_parse_uint(text, 1, UINT32_MAX, &n) ? if_nametoindex(text) : (uint32_t)n;
}

static int parse_v6(const char *host, uint16_t port, struct sockaddr_in6 *ret)
{
	const char *mark = strchr(host, '%');
	char address[INET6_ADDRSTRLEN];
	size_t n = mark ? (size_t)(mark - host) : strlen(host);

	*ret = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
	if (n >= sizeof(address))
		return -EADDRNOTAVAIL;
	memcpy(address, host, n);
	address[n] = '\0';
	if (inet_pton(AF_INET6, address, &ret->sin6_addr) != 1)
		return -EADDRNOTAVAIL;
	ret->sin6_scope_id = mark ? scope_of(mark + 1) : 0;
	return mark && !ret->sin6_scope_id ? -EADDRNOTAVAIL : 0;
}

static int connect_to(const struct sockaddr *sa, socklen_t n)
{
	_cleanup_close_ int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    connect(fd, sa, n) < 0)
		return -errno;
	return steal_fd(&fd);
}

int tcp_connect(const char *host, const char *port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6;
	unsigned long number;
	int r;

	if (io_parse_uint(port, 1, 65535, &number))
		return -EADDRNOTAVAIL;
	if (strpbrk(host, ":%")) {
		r = parse_v6(host, (uint16_t)number, &v6);
		return r ? r : connect_to((const struct sockaddr *)&v6, sizeof(v6));
	}
	v4.sin_port = htons((uint16_t)number);
	if (!inet_aton(host, &v4.sin_addr))
		return -EADDRNOTAVAIL;
	return connect_to((const struct sockaddr *)&v4, sizeof(v4));
}
