/* Where to connect to: the hosts of the URL and those that servers name. */
#ifndef TUV_CLIENT_POOL_HOSTS_H
#define TUV_CLIENT_POOL_HOSTS_H

#include "client/core/failure.h"
#include "taosuv.h"
#include "wire/url/url.h"

/* The longest that a host's Retry-After is heeded: requests wait meanwhile. */
#define TUV_MAX_ASKED_SECONDS 10u

/* Hosts that servers may name beyond the URL's. */
#define TUV_MAX_LEARNED 64u

/* A host to connect to: of the URL, or named by a server. */
typedef struct tuv_pool_host_s {
  char name[TUV_HOST_NAME_SIZE];
  char text[TUV_HOST_NAME_SIZE + 16]; /* "host:port", for the requests' `host` */
  uint16_t port;
  bool listed;        /* else it was left: it gets no new connection */
  bool named;         /* in the list that is being read */
  bool legacy;        /* it had no /ws when it was asked last, and nothing has failed since */
  bool doubted;       /* a request timed out there: until it is well, others are preferred */
  uint32_t users;     /* connections of any state */
  uint32_t open;      /* of them, those that take requests or will */
  uint32_t failures;  /* in a row */
  uint64_t failed_at; /* when, by tuv_now, the last one was; 0: it is well */
  uint64_t retry_at;  /* until then it is passed over */
  uint64_t retry_after_until; /* … because the server asked for it */
  uint64_t retry_after_ms;    /* for how long it asked */
} tuv_pool_host_t;

int tuv_hosts_init(taosuv_client_t* client);
bool tuv_hosts_add(taosuv_client_t* client, const tuv_host_t* host); /* whether it is news */
uint32_t tuv_hosts_listed(const taosuv_client_t* client);
bool tuv_hosts_pick(taosuv_client_t* client, uint32_t* host, uint64_t* wait);
bool tuv_hosts_failed(taosuv_client_t* client, uint32_t host, uint64_t started);
void tuv_hosts_mark_up(taosuv_client_t* client, uint32_t host);
void tuv_hosts_doubt(taosuv_client_t* client, uint32_t host); /* a request timed out there */
bool tuv_hosts_is_up(const taosuv_client_t* client, uint32_t host);
/* It is out of service, and asks to be left alone for so long (Retry-After). */
void tuv_hosts_retry_after(taosuv_client_t* client, uint32_t host, uint32_t seconds);

#endif
