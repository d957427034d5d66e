/* TCP: name look-up, a race of its addresses, and the stream itself. */
#include "io/tcp.h"

#include <stdio.h>

#include "io/race.h"
#include "taosuv/error.h"

typedef struct tuv_tcp_s {
  tuv_stream_t stream;
  const tuv_alloc_t* alloc;
  uv_loop_t* loop;
  tuv_race_t race;    /* the winner is the connection */
  tuv_route_t* route; /* or NULL */
  uv_getaddrinfo_t lookup;
  uv_write_t write;
  struct sockaddr_storage literal; /* a host that is an address needs no look-up */
  struct addrinfo literal_info;
  struct addrinfo* addresses; /* of a look-up */
  bool looking_up;
  bool closing;
  bool race_closed;
} tuv_tcp_t;

static void release_if_done(tuv_tcp_t* tcp) {
  if (tcp->looking_up || !tcp->race_closed) return;
  uv_freeaddrinfo(tcp->addresses);
  void (*on_close)(void*) = tcp->stream.events->on_close;
  void* context = tcp->stream.context;
  tuv_free(tcp->alloc, tcp);
  on_close(context);
}

static void on_race_closed(tuv_race_t* race) {
  tuv_tcp_t* tcp = TUV_CONTAINER(race, tuv_tcp_t, race);
  tcp->race_closed = true;
  release_if_done(tcp);
}

/* Reports which address has accepted. */
static void report_route(tuv_tcp_t* tcp) {
  tuv_route_t* route = tcp->route;
  const tuv_race_t* race = &tcp->race;
  if (route == NULL || race->winner == NULL) return;
  tuv_address_set(&route->address, race->order[race->won]->ai_addr);
  route->addresses = (uint32_t) race->count;
  route->others = tuv_race_others(race);
  if (route->on_accepted != NULL) route->on_accepted(route);
}

static void on_race_done(tuv_race_t* race, int status) {
  tuv_tcp_t* tcp = TUV_CONTAINER(race, tuv_tcp_t, race);
  report_route(tcp);
  uv_freeaddrinfo(tcp->addresses);
  tcp->addresses = NULL;
  if (race->winner != NULL) race->winner->data = tcp;
  const char* text = status == TAOSUV_EDNS ? "the host name was not found" : NULL;
  tcp->stream.events->on_connect(tcp->stream.context, status, text);
}

static void on_looked_up(uv_getaddrinfo_t* lookup, int status, struct addrinfo* addresses) {
  tuv_tcp_t* tcp = lookup->data;
  tcp->looking_up = false;
  tcp->addresses = addresses;
  if (tcp->closing) {
    release_if_done(tcp);
    return;
  }
  int failure = TAOSUV_EDNS;
  if (status == UV_ENOMEM || status == UV_EAI_MEMORY) failure = UV_ENOMEM;
  tuv_race_start(&tcp->race, status == 0 ? addresses : NULL, failure);
}

/* Whether the host is an IPv4 or IPv6 address: then tcp->literal_info holds it. */
static bool read_literal(tuv_tcp_t* tcp, const char* host, uint16_t port) {
  struct addrinfo* info = &tcp->literal_info;
  info->ai_addr = (struct sockaddr*) &tcp->literal;
  info->ai_family = AF_INET;
  if (uv_ip4_addr(host, port, (struct sockaddr_in*) &tcp->literal) == 0) return true;
  info->ai_family = AF_INET6;
  return uv_ip6_addr(host, port, (struct sockaddr_in6*) &tcp->literal) == 0;
}

/* Looks the host up, unless its addresses are known. */
static void begin(tuv_tcp_t* tcp, const char* host, uint16_t port) {
  if (tcp->route != NULL && tcp->route->known != NULL) {
    tuv_race_start(&tcp->race, tcp->route->known, TAOSUV_EDNS);
    return;
  }
  if (read_literal(tcp, host, port)) {
    tuv_race_start(&tcp->race, &tcp->literal_info, TAOSUV_EDNS);
    return;
  }
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  char service[8];
  snprintf(service, sizeof service, "%u", port);
  int status = uv_getaddrinfo(tcp->loop, &tcp->lookup, on_looked_up, host, service, &hints);
  tcp->looking_up = status == 0;
  if (status < 0) tuv_race_start(&tcp->race, NULL, status);
}

static uv_stream_t* connection_of(const tuv_tcp_t* tcp) {
  return (uv_stream_t*) tcp->race.winner; /* NULL: not connected yet, or closed */
}

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
  tuv_tcp_t* tcp = handle->data;
  uint8_t* base = NULL;
  size_t size = 0;
  (void) suggested;
  tcp->stream.events->alloc(tcp->stream.context, &base, &size);
  *buf = uv_buf_init((char*) base, (unsigned int) (size > 0x40000000u ? 0x40000000u : size));
}

static void on_read(uv_stream_t* handle, ssize_t size, const uv_buf_t* buf) {
  tuv_tcp_t* tcp = handle->data;
  tcp->stream.more = size > 0 && (size_t) size == buf->len;
  tcp->stream.events->on_read(tcp->stream.context, size, (uint8_t*) buf->base);
}

static int tcp_read_start(tuv_stream_t* stream) {
  tuv_tcp_t* tcp = (tuv_tcp_t*) stream;
  if (connection_of(tcp) == NULL) return UV_ENOTCONN;
  return uv_read_start(connection_of(tcp), on_alloc, on_read);
}

static void tcp_read_stop(tuv_stream_t* stream) {
  tuv_tcp_t* tcp = (tuv_tcp_t*) stream;
  if (connection_of(tcp) != NULL) uv_read_stop(connection_of(tcp));
}

static ssize_t tcp_try_write(tuv_stream_t* stream, const uv_buf_t* pieces, unsigned count) {
  tuv_tcp_t* tcp = (tuv_tcp_t*) stream;
  if (connection_of(tcp) == NULL) return UV_ENOTCONN;
  return uv_try_write(connection_of(tcp), pieces, count);
}

static void on_written(uv_write_t* request, int status) {
  tuv_tcp_t* tcp = request->data;
  if (!tcp->closing) tcp->stream.events->on_write(tcp->stream.context, status);
}

static int tcp_write(tuv_stream_t* stream, const uint8_t* data, size_t size) {
  tuv_tcp_t* tcp = (tuv_tcp_t*) stream;
  uv_buf_t buf[8];
  unsigned count = 0;
  if (connection_of(tcp) == NULL) return UV_ENOTCONN;
  for (size_t at = 0; at < size && count < 8; count++) {
    buf[count] = tuv_piece(data + at, size - at);
    at += buf[count].len;
  }
  return uv_write(&tcp->write, connection_of(tcp), buf, count, on_written);
}

static void tcp_close(tuv_stream_t* stream) {
  tuv_tcp_t* tcp = (tuv_tcp_t*) stream;
  if (tcp->closing) return;
  tcp->closing = true;
  if (tcp->looking_up) uv_cancel((uv_req_t*) &tcp->lookup);
  tuv_race_close(&tcp->race);
}

static size_t tcp_unwritten(const tuv_stream_t* stream) {
  const uv_stream_t* connection = connection_of((const tuv_tcp_t*) stream);
  return connection == NULL ? 0 : uv_stream_get_write_queue_size(connection);
}

static const tuv_stream_ops_t tcp_ops = {tcp_read_start, tcp_read_stop, tcp_try_write,
                                         tcp_write,      tcp_close,     tcp_unwritten};

int tuv_tcp_connect(uv_loop_t* loop, const tuv_alloc_t* alloc, const char* host, uint16_t port,
                    bool nodelay, tuv_route_t* route, const tuv_stream_events_t* events,
                    void* context, tuv_stream_t** stream) {
  tuv_tcp_t* tcp = tuv_calloc(alloc, 1, sizeof *tcp);
  if (tcp == NULL) return UV_ENOMEM;
  tcp->stream = (tuv_stream_t) {&tcp_ops, events, context, NULL, false};
  tcp->alloc = alloc;
  tcp->loop = loop;
  tcp->lookup.data = tcp;
  tcp->write.data = tcp;
  tcp->route = route;
  tcp->race.avoid = route != NULL ? route->avoid : NULL;
  tcp->race.on_done = on_race_done;
  tcp->race.on_closed = on_race_closed;
  tuv_race_init(&tcp->race, loop, alloc, nodelay);
  begin(tcp, host, port);
  *stream = &tcp->stream;
  return 0;
}
