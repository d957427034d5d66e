/* TCP: name look-up, connecting to one address after the other, and the stream itself. */
#include "io/tcp.h"

#include <stdio.h>

#include "taosuv/error.h"

typedef struct tuv_tcp_s {
  tuv_stream_t stream;
  const tuv_alloc_t* alloc;
  uv_loop_t* loop;
  uv_tcp_t handle;
  uv_getaddrinfo_t lookup;
  uv_connect_t connect;
  uv_write_t write;
  uv_timer_t later; /* begins in a later turn; its closing makes on_close the last event */
  struct sockaddr_storage literal; /* a host that is an address needs no look-up */
  struct addrinfo literal_info;
  struct addrinfo* addresses;      /* of a look-up */
  const struct addrinfo* next; /* the address to try when this one fails */
  int failure;
  unsigned open_handles;
  bool has_handle;  /* `handle` is initialised and not being closed */
  bool looking_up;
  bool closing;
  bool retrying;    /* `handle` is being closed, to try the next address */
  bool nodelay;
} tuv_tcp_t;

static void release_if_done(tuv_tcp_t* tcp) {
  if (!tcp->closing || tcp->looking_up || tcp->open_handles > 0) return;
  uv_freeaddrinfo(tcp->addresses);
  void (*on_close)(void*) = tcp->stream.events->on_close;
  void* context = tcp->stream.context;
  tuv_free(tcp->alloc, tcp);
  on_close(context);
}

static void try_next(tuv_tcp_t* tcp);

static void on_handle_closed(uv_handle_t* handle) {
  tuv_tcp_t* tcp = handle->data;
  tcp->open_handles--;
  if (tcp->retrying && handle == (uv_handle_t*) &tcp->handle) {
    tcp->retrying = false;
    if (!tcp->closing) {
      try_next(tcp);
      return;
    }
  }
  release_if_done(tcp);
}

static void close_handle(tuv_tcp_t* tcp) {
  if (!tcp->has_handle) return;
  tcp->has_handle = false;
  uv_close((uv_handle_t*) &tcp->handle, on_handle_closed);
}

static void report_failure(tuv_tcp_t* tcp) {
  const char* text = tcp->failure == TAOSUV_EDNS ? "the host name was not found" : NULL;
  tcp->stream.events->on_connect(tcp->stream.context, tcp->failure, text);
}

static void on_connected(uv_connect_t* request, int status) {
  tuv_tcp_t* tcp = request->data;
  if (tcp->closing) return;
  if (status == 0) {
    uv_freeaddrinfo(tcp->addresses);
    tcp->addresses = NULL;
    tcp->next = NULL;
    tcp->stream.events->on_connect(tcp->stream.context, 0, NULL);
    return;
  }
  tcp->failure = status;
  tcp->retrying = true;
  close_handle(tcp);
}

/* Starts a connection to the next address that lets itself be tried; reports when none is left. */
static void try_next(tuv_tcp_t* tcp) {
  while (tcp->next != NULL) {
    const struct addrinfo* address = tcp->next;
    tcp->next = address->ai_next;
    if (address->ai_family != AF_INET && address->ai_family != AF_INET6) continue;
    tcp->failure = uv_tcp_init(tcp->loop, &tcp->handle);
    if (tcp->failure < 0) continue;
    tcp->handle.data = tcp;
    tcp->has_handle = true;
    tcp->open_handles++;
    if (tcp->nodelay) uv_tcp_nodelay(&tcp->handle, 1);
    tcp->failure = uv_tcp_connect(&tcp->connect, &tcp->handle, address->ai_addr, on_connected);
    if (tcp->failure == 0) return;
    tcp->retrying = true;
    close_handle(tcp);
    return;
  }
  report_failure(tcp);
}

static void on_looked_up(uv_getaddrinfo_t* lookup, int status, struct addrinfo* addresses) {
  tuv_tcp_t* tcp = lookup->data;
  tcp->looking_up = false;
  tcp->addresses = addresses;
  if (tcp->closing) {
    release_if_done(tcp);
    return;
  }
  if (status == UV_ENOMEM || status == UV_EAI_MEMORY) tcp->failure = UV_ENOMEM;
  if (status == 0) tcp->next = addresses;
  try_next(tcp);
}

static void on_later(uv_timer_t* timer) {
  try_next(timer->data);
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

/* Looks the host up, or goes on in a later turn when there is nothing to look up. */
static void begin(tuv_tcp_t* tcp, const char* host, uint16_t port) {
  if (read_literal(tcp, host, port)) {
    tcp->next = &tcp->literal_info;
  } else {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    int status = uv_getaddrinfo(tcp->loop, &tcp->lookup, on_looked_up, host, service, &hints);
    tcp->looking_up = status == 0;
    if (status < 0) tcp->failure = status;
  }
  if (!tcp->looking_up) uv_timer_start(&tcp->later, on_later, 0, 0);
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
  tcp->stream.events->on_read(tcp->stream.context, size, (uint8_t*) buf->base);
}

static int tcp_read_start(tuv_stream_t* stream) {
  tuv_tcp_t* tcp = (tuv_tcp_t*) stream;
  if (!tcp->has_handle) return UV_ENOTCONN;
  return uv_read_start((uv_stream_t*) &tcp->handle, on_alloc, on_read);
}

static void tcp_read_stop(tuv_stream_t* stream) {
  tuv_tcp_t* tcp = (tuv_tcp_t*) stream;
  if (tcp->has_handle) uv_read_stop((uv_stream_t*) &tcp->handle);
}

static uv_buf_t buf_of(const uint8_t* data, size_t size) {
  union {
    const uint8_t* in;
    char* out;
  } base = {data}; /* libuv's buffers are not const, though writes only read them */
  return uv_buf_init(base.out, (unsigned int) (size > 0x40000000u ? 0x40000000u : size));
}

static ssize_t tcp_try_write(tuv_stream_t* stream, const uint8_t* data, size_t size) {
  tuv_tcp_t* tcp = (tuv_tcp_t*) stream;
  uv_buf_t buf = buf_of(data, size);
  return tcp->has_handle ? uv_try_write((uv_stream_t*) &tcp->handle, &buf, 1) : UV_ENOTCONN;
}

static void on_written(uv_write_t* request, int status) {
  tuv_tcp_t* tcp = request->data;
  if (!tcp->closing) tcp->stream.events->on_write(tcp->stream.context, status);
}

static int tcp_write(tuv_stream_t* stream, const uint8_t* data, size_t size) {
  tuv_tcp_t* tcp = (tuv_tcp_t*) stream;
  uv_buf_t buf[8];
  unsigned count = 0;
  if (!tcp->has_handle) return UV_ENOTCONN;
  for (size_t at = 0; at < size && count < 8; count++) {
    buf[count] = buf_of(data + at, size - at);
    at += buf[count].len;
  }
  return uv_write(&tcp->write, (uv_stream_t*) &tcp->handle, buf, count, on_written);
}

static void tcp_close(tuv_stream_t* stream) {
  tuv_tcp_t* tcp = (tuv_tcp_t*) stream;
  if (tcp->closing) return;
  tcp->closing = true;
  if (tcp->looking_up) uv_cancel((uv_req_t*) &tcp->lookup);
  close_handle(tcp);
  uv_close((uv_handle_t*) &tcp->later, on_handle_closed);
}

static const tuv_stream_ops_t tcp_ops = {tcp_read_start, tcp_read_stop, tcp_try_write, tcp_write,
                                         tcp_close};

int tuv_tcp_connect(uv_loop_t* loop, const tuv_alloc_t* alloc, const char* host, uint16_t port,
                    bool nodelay, const tuv_stream_events_t* events, void* context,
                    tuv_stream_t** stream) {
  tuv_tcp_t* tcp = tuv_calloc(alloc, 1, sizeof *tcp);
  if (tcp == NULL) return UV_ENOMEM;
  tcp->stream = (tuv_stream_t){&tcp_ops, events, context, NULL};
  tcp->alloc = alloc;
  tcp->loop = loop;
  tcp->nodelay = nodelay;
  tcp->failure = TAOSUV_EDNS;
  tcp->lookup.data = tcp;
  tcp->connect.data = tcp;
  tcp->write.data = tcp;
  tcp->later.data = tcp;
  uv_timer_init(loop, &tcp->later); /* cannot fail */
  tcp->open_handles = 1;
  begin(tcp, host, port);
  *stream = &tcp->stream;
  return 0;
}
