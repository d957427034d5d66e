/* The transport of the integration tests: plain WebSocket, or the one that TAOSUV_TEST_TRANSPORT
 * names. */
#ifndef TUV_TEST_INTEGRATION_TRANSPORT_H
#define TUV_TEST_INTEGRATION_TRANSPORT_H

#include "testserver.h"

typedef enum {
  IT_WS,         /* unset, or "ws" */
  IT_WSS,        /* "wss": TLS, with the test's own CA */
  IT_COMPRESSED, /* "compressed": permessage-deflate for every message */
  IT_HTTP,       /* "http": REST */
  IT_HTTPS       /* "https": REST and TLS */
} it_transport_t;

it_transport_t it_transport(void);
bool it_transport_http(void);   /* with TLS or without */
bool it_transport_secure(void); /* TLS */

/* The keys that a URL needs for it: "" or "a=1&b=2". */
const char* it_transport_keys(void);

/* The options of the bundled server for it; NULL: none. */
const ts_tls_options_t* it_transport_tls(void);

#endif
