/* What a connection knows of its host. */
#ifndef TUV_CLIENT_CONN_HOST_H
#define TUV_CLIENT_CONN_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/url/url.h"

typedef struct tuv_conn_host_s {
  uint32_t index; /* in the pool's list of hosts */
  char name[TUV_HOST_NAME_SIZE];
  char text[TUV_HOST_NAME_SIZE + 16]; /* "host:port", for the requests' `host` */
  uint16_t port;
  bool legacy;    /* it had no /ws when it was last asked, and nothing has failed since */
  uint32_t users; /* connections in any state */
  uint32_t open;  /* connections that take requests, or will */
} tuv_conn_host_t;

#endif
