/* Functions for URLs and proxies that the fixture's files share. */
#ifndef TUV_TEST_INTEGRATION_FIXTURE_PROXY_H
#define TUV_TEST_INTEGRATION_FIXTURE_PROXY_H

#include "fixture.h"

/* The server's own URL. */
const char* it_base_url(const it_t* it);
/* "user:password@host:port" of the server, or with the first `hosts` proxies as hosts. */
void it_authority(const it_t* it, size_t hosts, char* text, size_t size);
/* The key for TLS through a proxy, whose name is not in the certificate; or "". */
void it_certificate_name(const it_t* it, char* text, size_t size);
/* Called when the bundled server was restarted, on another port. */
void it_proxies_follow(it_t* it);

#endif
