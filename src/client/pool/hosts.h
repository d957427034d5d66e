/* Where to connect to: the hosts of the URL and those that servers name. */
#ifndef TUV_CLIENT_POOL_HOSTS_H
#define TUV_CLIENT_POOL_HOSTS_H

#include "client/conn/host.h"
#include "io/random.h"
#include "util/alloc.h"
#include "wire/url/url.h"

/* A longer Retry-After is cut to this, because requests wait meanwhile. */
#define TUV_MAX_ASKED_SECONDS 10u

/* Hosts that servers may name beyond the URL's. */
#define TUV_MAX_LEARNED 64u

/* A host to connect to: of the URL, or named by a server. */
typedef struct tuv_pool_host_s {
  tuv_conn_host_t base;
  bool listed;                /* it gets new connections; false: servers no longer name it */
  bool named;                 /* it is in the list of hosts that is being read */
  bool doubted;               /* a request timed out there: others are preferred until it answers */
  uint32_t failures;          /* in a row */
  uint64_t failed_at;         /* the moment of the last failure */
  uint64_t retry_at;          /* the host is passed over until this moment */
  uint64_t retry_after_until; /* its Retry-After is valid until this moment */
  uint64_t retry_after_ms;    /* the pause that it asked for */
} tuv_pool_host_t;

/* All hosts, and what decides between them. Moments are by tuv_now, and given by the caller. */
typedef struct tuv_hosts_s {
  const tuv_url_t* url;  /* the settings */
  tuv_random_t* random;  /* spreads the pauses */
  tuv_pool_host_t* list; /* the URL's first; they stay where they are */
  uint32_t count, capacity;
  uint32_t next; /* where the next search for a host begins */
} tuv_hosts_t;

/* Takes the hosts of the URL. Returns 0 or TAOSUV_ENOMEM. */
int tuv_hosts_init(tuv_hosts_t* hosts, const tuv_alloc_t* alloc, const tuv_url_t* url,
                   tuv_random_t* random);
void tuv_hosts_free(tuv_hosts_t* hosts, const tuv_alloc_t* alloc);

/* A server names its hosts: begin, each host, end. tuv_hosts_name returns whether the host is new.
 * Hosts that were not named are no longer listed, except those of the URL: `removed` is called for
 * each. */
void tuv_hosts_name_begin(tuv_hosts_t* hosts);
bool tuv_hosts_name(tuv_hosts_t* hosts, const tuv_host_t* host);
void tuv_hosts_name_end(tuv_hosts_t* hosts, void (*removed)(const tuv_pool_host_t*, void*),
                        void* context);
uint32_t tuv_hosts_listed(const tuv_hosts_t* hosts);

/* Picks the host for the next connection: of those that may be tried now, and preferably of those
 * that are up, the first one, or the one with the fewest connections. Returns false when all of
 * them have to be left alone, for *wait ms. */
bool tuv_hosts_pick(tuv_hosts_t* hosts, uint64_t now, uint32_t* host, uint64_t* wait);
/* Whether the last thing heard of a host was good. */
bool tuv_hosts_is_up(const tuv_hosts_t* hosts, uint32_t host);

/* A connection that was begun at `started` failed. Several that were begun together fail for the
 * same reason: returns whether this one counts. */
bool tuv_hosts_failed(tuv_hosts_t* hosts, uint32_t host, uint64_t started, uint64_t now);
void tuv_hosts_mark_up(tuv_hosts_t* hosts, uint32_t host);
void tuv_hosts_doubt(tuv_hosts_t* hosts, uint32_t host); /* a request timed out there */
/* The host is out of service, and asks to be left alone for some seconds (Retry-After). */
void tuv_hosts_retry_after(tuv_hosts_t* hosts, uint32_t host, uint32_t seconds, uint64_t now);

#endif
