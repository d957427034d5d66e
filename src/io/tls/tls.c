/* TLS as a stream over any other stream: handshake, records both ways, close_notify, by mbedTLS. */
#include "io/tls/tls.h"

#include <string.h>

#include "io/tls/context.h"
#include "io/tls/error.h"
#include "taosuv/error.h"
#include "util/assert.h"
#include "util/buf.h"

/* Ciphertext is read in pieces of this size: two records of the largest size nearly fit. */
#define IN_SIZE (32u << 10)

/* Plaintext is encrypted until this much ciphertext waits for the stream below. */
#define BATCH (64u << 10)

/* The most ciphertext that may wait: only alerts to a peer that does not read can reach this. */
#define OUT_LIMIT (256u << 10)

/* The memory that an empty buffer of ciphertext keeps. */
#define KEEP (32u << 10)

typedef enum {
  CONNECTING,
  HANDSHAKE,
  OPEN,
  ENDED, /* failed, or ended by the peer: only on_close follows */
  CLOSING
} state_t;

typedef struct tuv_tls_s {
  tuv_stream_t stream;
  const tuv_alloc_t* alloc;
  tuv_tls_context_t* context;
  tuv_tls_slot_t* slot;
  tuv_stream_t* inner; /* NULL once it is gone */
  uv_timer_t later;    /* goes on reading, when reading was started outside of an event */
  bool later_open;
  state_t state;
  mbedtls_ssl_context ssl;
  tuv_tls_verify_t verify;
  tuv_errmsg_t err;
  int failure;     /* 0, or how the stream ends once what came before is read */
  bool may_notify; /* the handshake is done and nothing failed: close_notify can be sent */
  /* reading */
  bool reading; /* as the owner wants it */
  bool inner_reading;
  bool busy; /* inside of proceed */
  size_t in_head, in_tail;
  /* writing */
  tuv_buf_t out;       /* ciphertext not given to the stream below */
  tuv_buf_t in_flight; /* being written */
  bool inner_writing;
  const uint8_t* plain; /* of the owner's write: what is not encrypted yet */
  size_t plain_size;
  bool writing;        /* on_write is owed */
  uint8_t in[IN_SIZE]; /* ciphertext not decrypted */
  char name[];         /* whose certificate is expected */
} tuv_tls_t;

static tuv_tls_t* of(tuv_stream_t* stream) {
  return (tuv_tls_t*) stream;
}

/* A state is never entered again: each change goes on in the order of state_t. */
static void set_state(tuv_tls_t* tls, state_t state) {
  TUV_ASSERT(state > tls->state);
  tls->state = state;
}

static void release_if_done(tuv_tls_t* tls) {
  if (tls->inner != NULL || tls->later_open) return;
  void (*on_close)(void*) = tls->stream.events->on_close;
  void* context = tls->stream.context;
  mbedtls_ssl_free(&tls->ssl);
  tuv_buf_free(&tls->out);
  tuv_buf_free(&tls->in_flight);
  tuv_free(tls->alloc, tls);
  on_close(context);
}

/* ---- where mbedTLS reads and writes ---- */

/* Takes all, so that mbedTLS never has to repeat a write. */
static int take_ciphertext(void* context, const unsigned char* data, size_t size) {
  tuv_tls_t* tls = context;
  if (tuv_buf_size(&tls->out) > OUT_LIMIT) return MBEDTLS_ERR_SSL_TIMEOUT;
  uint8_t* room = tuv_buf_reserve(&tls->out, size);
  if (room == NULL) return MBEDTLS_ERR_SSL_ALLOC_FAILED;
  memcpy(room, data, size);
  tuv_buf_commit(&tls->out, size);
  return (int) size;
}

static int give_ciphertext(void* context, unsigned char* data, size_t size) {
  tuv_tls_t* tls = context;
  size_t have = tls->in_tail - tls->in_head;
  if (have == 0) return MBEDTLS_ERR_SSL_WANT_READ;
  if (size > have) size = have;
  memcpy(data, tls->in + tls->in_head, size);
  tls->in_head += size;
  return (int) size;
}

static int fail(tuv_tls_t* tls, int status) {
  if (tls->failure == 0) tls->failure = status;
  tls->may_notify = false;
  return status;
}

/* Gives the ciphertext to the stream below, which writes what it does not take at once when it can.
 * Returns 0 or its error. */
static int flush(tuv_tls_t* tls) {
  size_t size = tuv_buf_size(&tls->out);
  if (size == 0 || tls->inner_writing || tls->failure != 0) return 0;
  const tuv_stream_ops_t* ops = tls->inner->ops;
  ssize_t taken = tuv_stream_try_write(tls->inner, tls->out.data + tls->out.head, size);
  if (taken < 0 && taken != UV_EAGAIN) return fail(tls, (int) taken);
  if (taken > 0) tuv_buf_consume(&tls->out, (size_t) taken, KEEP);
  size = tuv_buf_size(&tls->out);
  if (size == 0) return 0;
  tuv_buf_t empty = tls->in_flight;
  tls->in_flight = tls->out;
  tls->out = empty;
  int status = ops->write(tls->inner, tls->in_flight.data + tls->in_flight.head, size);
  tls->inner_writing = status == 0;
  return status == 0 ? 0 : fail(tls, status);
}

static int explain(tuv_tls_t* tls, int code) {
  tls->may_notify = false;
  int status = tuv_tls_explain(&tls->ssl, &tls->verify, tls->name, code, &tls->err);
  tls->stream.message = tls->err.text;
  return status;
}

/* What the end of the stream below means here. */
static int explain_end(tuv_tls_t* tls) {
  tls->may_notify = false;
  if (tls->failure != UV_EOF) return tls->failure;
  const char* when = tls->state == HANDSHAKE ? " (in the handshake)" : "";
  tls->stream.message = tls->err.text;
  return tuv_fail(&tls->err, TAOSUV_ETLSEOF, "%s%s", taosuv_strerror(TAOSUV_ETLSEOF), when);
}

/* ---- reading ---- */

static void end_connect(tuv_tls_t* tls, int status) {
  set_state(tls, ENDED);
  tuv_tls_forget(tls->slot); /* the next attempt is a full handshake */
  tls->stream.events->on_connect(tls->stream.context, status, tls->stream.message);
}

static void end_read(tuv_tls_t* tls, int status) {
  set_state(tls, ENDED);
  tls->reading = false;
  tls->stream.events->on_read(tls->stream.context, status, NULL);
}

/* There is plaintext: gives the owner as much of it as it has room for. */
static void deliver(tuv_tls_t* tls) {
  uint8_t* base = NULL;
  size_t size = 0;
  const tuv_stream_events_t* events = tls->stream.events;
  events->alloc(tls->stream.context, &base, &size);
  if (size == 0) {
    tls->reading = false;
    events->on_read(tls->stream.context, UV_ENOBUFS, base);
    return;
  }
  int got = mbedtls_ssl_read(&tls->ssl, base, size < 0x40000000u ? size : 0x40000000u);
  if (got > 0) {
    events->on_read(tls->stream.context, got, base);
    return;
  }
  int status = explain(tls, got);
  events->on_read(tls->stream.context, 0, base);
  if (tls->state == OPEN) end_read(tls, status);
}

/* Decrypts the next record, up to where there is plaintext. Returns whether to go on. */
static bool decrypt(tuv_tls_t* tls) {
  size_t before = tls->in_tail - tls->in_head;
  int code = mbedtls_ssl_read(&tls->ssl, NULL, 0); /* of no bytes: decrypts, but takes nothing */
  flush(tls);                                      /* an alert, perhaps */
  if (mbedtls_ssl_get_bytes_avail(&tls->ssl) > 0) {
    deliver(tls);
    return true;
  }
  if (code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
    tuv_tls_remember(tls->slot, &tls->ssl);
    return true;
  }
  if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
    end_read(tls, UV_EOF);
  } else if (code != 0 && code != MBEDTLS_ERR_SSL_WANT_READ) {
    tuv_tls_forget(tls->slot); /* a server of TLS 1.3 may refuse it after the handshake */
    end_read(tls, explain(tls, code));
  } else if (tls->in_tail - tls->in_head < before) {
    return true; /* mbedTLS asks for more also after an alert that it ignores */
  } else if (tls->failure != 0) {
    end_read(tls, explain_end(tls));
  }
  return false;
}

static void on_handshake_done(tuv_tls_t* tls) {
  if (!tuv_tls_is_pinned(&tls->context->pins, &tls->ssl)) {
    mbedtls_ssl_send_alert_message(&tls->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                   MBEDTLS_SSL_ALERT_MSG_BAD_CERT);
    flush(tls);
    end_connect(tls, TAOSUV_ETLSPIN);
    return;
  }
  /* TLS 1.3 sends its tickets later. */
  if (mbedtls_ssl_get_version_number(&tls->ssl) == MBEDTLS_SSL_VERSION_TLS1_2)
    tuv_tls_remember(tls->slot, &tls->ssl);
  set_state(tls, OPEN);
  tls->may_notify = true;
  tls->stream.events->on_connect(tls->stream.context, 0, NULL);
}

static void handshake(tuv_tls_t* tls) {
  int code = mbedtls_ssl_handshake(&tls->ssl);
  int status = flush(tls);
  if (code == 0 && status == 0)
    on_handshake_done(tls);
  else if (code != 0 && code != MBEDTLS_ERR_SSL_WANT_READ)
    end_connect(tls, explain(tls, code));
  else if (tls->failure != 0)
    end_connect(tls, explain_end(tls));
}

static void on_later(uv_timer_t* timer);

/* Reads from the stream below only while what comes can be used. Otherwise the peer waits. */
static void adjust_reading(tuv_tls_t* tls) {
  bool open = tls->state == OPEN && tls->reading;
  bool wanted = (tls->state == HANDSHAKE || open) && tls->failure == 0;
  if (tls->state == CLOSING || wanted == tls->inner_reading) return;
  tls->inner_reading = wanted;
  if (!wanted) {
    tls->inner->ops->read_stop(tls->inner);
    return;
  }
  int status = tls->inner->ops->read_start(tls->inner);
  if (status == 0) return;
  tls->inner_reading = false;
  fail(tls, status);
  uv_timer_start(&tls->later, on_later, 0, 0);
}

/* Handles the ciphertext that has come. The owner's callbacks may do anything, so the state is
 * checked again after each. */
static void proceed(tuv_tls_t* tls) {
  if (tls->busy) return;
  tls->busy = true;
  if (tls->state == HANDSHAKE) handshake(tls);
  while (tls->state == OPEN && tls->reading && decrypt(tls)) continue;
  tls->busy = false;
  adjust_reading(tls);
}

static int tls_read_start(tuv_stream_t* stream) {
  tuv_tls_t* tls = of(stream);
  if (tls->state != OPEN) return UV_ENOTCONN;
  if (tls->reading) return 0;
  tls->reading = true;
  if (!tls->busy) uv_timer_start(&tls->later, on_later, 0, 0);
  return 0;
}

static void tls_read_stop(tuv_stream_t* stream) {
  tuv_tls_t* tls = of(stream);
  tls->reading = false;
  if (!tls->busy) adjust_reading(tls);
}

/* ---- writing ---- */

/* Encrypts as much as one batch takes. Returns the size of that plaintext, or an error, which ends
 * the stream. */
static ssize_t encrypt(tuv_tls_t* tls, const uint8_t* data, size_t size) {
  size_t done = 0;
  while (done < size && tuv_buf_size(&tls->out) < BATCH) {
    int code = mbedtls_ssl_write(&tls->ssl, data + done, size - done);
    if (code <= 0) return fail(tls, explain(tls, code));
    done += (size_t) code;
  }
  return (ssize_t) done;
}

static ssize_t tls_try_write(tuv_stream_t* stream, const uv_buf_t* pieces, unsigned count) {
  tuv_tls_t* tls = of(stream);
  size_t taken = 0, at = 0; /* of all, and of the first piece */
  if (tls->state != OPEN) return UV_ENOTCONN;
  if (tls->failure != 0) return explain_end(tls);
  while (count > 0 && !tls->inner_writing && !tls->writing) {
    ssize_t part = encrypt(tls, (const uint8_t*) pieces->base + at, pieces->len - at);
    if (part < 0) return part;
    int status = flush(tls);
    if (status < 0) return status;
    taken += (size_t) part;
    at += (size_t) part;
    if (at < pieces->len) continue;
    pieces++;
    count--;
    at = 0;
  }
  return taken > 0 ? (ssize_t) taken : UV_EAGAIN;
}

/* Encrypts the next batch of the owner's write. Returns 0 or an error. */
static int write_more(tuv_tls_t* tls) {
  while (tls->plain_size > 0 && !tls->inner_writing) {
    if (tls->failure != 0) return explain_end(tls);
    ssize_t part = encrypt(tls, tls->plain, tls->plain_size);
    if (part < 0) return (int) part;
    tls->plain += part;
    tls->plain_size -= (size_t) part;
    int status = flush(tls);
    if (status < 0) return status;
  }
  return 0;
}

static void finish_write(tuv_tls_t* tls, int status) {
  TUV_ASSERT(tls->writing);
  tls->writing = false;
  tls->plain_size = 0;
  tls->stream.events->on_write(tls->stream.context, status);
}

static int tls_write(tuv_stream_t* stream, const uint8_t* data, size_t size) {
  tuv_tls_t* tls = of(stream);
  TUV_ASSERT(!tls->writing);
  if (tls->state != OPEN) return UV_ENOTCONN;
  tls->plain = data;
  tls->plain_size = size;
  int status = write_more(tls);
  if (status < 0) {
    tls->plain_size = 0;
    return status;
  }
  tls->writing = true;
  /* All was taken at once, but on_write comes in a later turn. */
  if (!tls->inner_writing) uv_timer_start(&tls->later, on_later, 0, 0);
  return 0;
}

/* Does what a call put off, because events never come from inside a call. */
static void on_later(uv_timer_t* timer) {
  tuv_tls_t* tls = timer->data;
  if (tls->writing && tls->plain_size == 0 && !tls->inner_writing) finish_write(tls, 0);
  if (tls->state != CLOSING) proceed(tls);
}

static void on_inner_write(void* context, int status) {
  tuv_tls_t* tls = context;
  TUV_ASSERT(tls->inner_writing);
  tls->inner_writing = false;
  tuv_buf_consume(&tls->in_flight, tuv_buf_size(&tls->in_flight), KEEP);
  if (tls->state == CLOSING) return;
  if (status == 0) status = flush(tls);
  if (status == 0 && tls->plain_size > 0)
    status = tls->state == OPEN ? write_more(tls) : UV_ENOTCONN;
  if (status < 0) fail(tls, status);
  if (tls->writing && (status < 0 || (tls->plain_size == 0 && !tls->inner_writing)))
    finish_write(tls, status);
  if (tls->state != CLOSING) proceed(tls);
}

/* ---- the stream below ---- */

static void on_inner_connect(void* context, int status, const char* message) {
  tuv_tls_t* tls = context;
  if (tls->state == CLOSING) return;
  if (status < 0) {
    set_state(tls, ENDED);
    tls->stream.events->on_connect(tls->stream.context, status, message);
    return;
  }
  set_state(tls, HANDSHAKE);
  proceed(tls);
}

static void on_inner_alloc(void* context, uint8_t** base, size_t* size) {
  tuv_tls_t* tls = context;
  if (tls->in_head > 0) {
    memmove(tls->in, tls->in + tls->in_head, tls->in_tail - tls->in_head);
    tls->in_tail -= tls->in_head;
    tls->in_head = 0;
  }
  *base = tls->in + tls->in_tail;
  *size = IN_SIZE - tls->in_tail;
}

static void on_inner_read(void* context, ssize_t size, uint8_t* base) {
  tuv_tls_t* tls = context;
  (void) base;
  if (tls->state == CLOSING) return;
  tls->stream.more = tls->inner->more;
  if (size > 0) tls->in_tail += (size_t) size;
  if (size < 0) fail(tls, (int) size);
  proceed(tls);
}

static void on_inner_close(void* context) {
  tuv_tls_t* tls = context;
  tls->inner = NULL;
  release_if_done(tls);
}

static void on_later_close(uv_handle_t* handle) {
  tuv_tls_t* tls = handle->data;
  tls->later_open = false;
  release_if_done(tls);
}

/* Sends close_notify, if it can leave at once: closing a stream does not wait. */
static void send_close_notify(tuv_tls_t* tls) {
  if (!tls->may_notify || tls->inner_writing) return;
  if (mbedtls_ssl_close_notify(&tls->ssl) != 0 || tuv_buf_size(&tls->out) == 0) return;
  tuv_stream_try_write(tls->inner, tls->out.data + tls->out.head, tuv_buf_size(&tls->out));
}

static void tls_close(tuv_stream_t* stream) {
  tuv_tls_t* tls = of(stream);
  if (tls->state == CLOSING) return;
  send_close_notify(tls);
  set_state(tls, CLOSING);
  tls->reading = false;
  tls->inner->ops->close(tls->inner);
  uv_close((uv_handle_t*) &tls->later, on_later_close);
}

static size_t tls_unwritten(const tuv_stream_t* stream) {
  const tuv_tls_t* tls = (const tuv_tls_t*) stream;
  size_t below = tls->inner == NULL ? 0 : tls->inner->ops->unwritten(tls->inner);
  return tls->plain_size + tuv_buf_size(&tls->out) + below;
}

static const tuv_stream_ops_t tls_ops = {tls_read_start, tls_read_stop, tls_try_write,
                                         tls_write,      tls_close,     tls_unwritten};
static const tuv_stream_events_t inner_events = {on_inner_connect, on_inner_alloc, on_inner_read,
                                                 on_inner_write, on_inner_close};

/* mbedTLS's side of a new connection. Returns 0 or UV_ENOMEM. */
static int set_up(tuv_tls_t* tls, const char* host, uint16_t port) {
  tuv_tls_context_t* context = tls->context;
  tls->slot = tuv_tls_slot(&context->sessions, host, port);
  if (mbedtls_ssl_setup(&tls->ssl, &context->config) != 0) return UV_ENOMEM;
  tls->verify.common_name = context->common_name;
  int status = tuv_tls_expect(&tls->ssl, &tls->verify, tls->name);
  if (status == 0) status = tuv_tls_resume(tls->slot, &tls->ssl);
  mbedtls_ssl_set_bio(&tls->ssl, tls, take_ciphertext, give_ciphertext, NULL);
  return status;
}

int tuv_tls_connect(tuv_tls_context_t* context, tuv_connect_t connect, uv_loop_t* loop,
                    const tuv_alloc_t* alloc, const char* host, uint16_t port, bool nodelay,
                    tuv_route_t* route, const tuv_stream_events_t* events, void* events_context,
                    tuv_stream_t** stream) {
  const char* name = context->server_name != NULL ? context->server_name : host;
  size_t size = strlen(name) + 1;
  tuv_tls_t* tls = tuv_calloc(alloc, 1, sizeof *tls + size);
  if (tls == NULL) return UV_ENOMEM;
  memcpy(tls->name, name, size);
  tls->stream = (tuv_stream_t) {&tls_ops, events, events_context, NULL, false};
  tls->alloc = alloc;
  tls->context = context;
  mbedtls_ssl_init(&tls->ssl);
  tuv_buf_init(&tls->out, alloc);
  tuv_buf_init(&tls->in_flight, alloc);
  int status = set_up(tls, host, port);
  if (status == 0)
    status = connect(loop, alloc, host, port, nodelay, route, &inner_events, tls, &tls->inner);
  if (status < 0) {
    mbedtls_ssl_free(&tls->ssl);
    tuv_free(alloc, tls);
    return status;
  }
  uv_timer_init(loop, &tls->later); /* cannot fail */
  tls->later.data = tls;
  tls->later_open = true;
  *stream = &tls->stream;
  return 0;
}
