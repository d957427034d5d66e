/* Which of a gateway's WebSocket endpoints a connection uses. Gateways from 3.1.1.15 on have /ws,
 * which serves every request; older ones have an endpoint for each kind of request. The first
 * connection to a host asks for /ws. The outcome is remembered until a connection fails. */
#include <stdio.h>
#include <string.h>

#include "client/core/failure.h"
#include "client/core/op.h"
#include "client/conn/conn.h"
#include "client/conn/endpoint.h"
#include "client/conn/transport.h"
#include "client/core/observe.h"
#include "util/percent.h"
#include "wire/version.h"

/* From this version on gateways have /ws, and take messages of any size. */
#define SINCE TUV_VERSION(3, 1, 1, 15)
#define OLD_MAX_MESSAGE (UINT64_C(4) << 20)

const tuv_endpoint_t tuv_endpoint_all = {.path = "/ws", .has_legacy = true, .has_login = true};

static const char* const legacy_paths[] = {"/rest/ws", "/rest/stmt", "/rest/schemaless"};

/* The index of the first kind in a set. */
static unsigned kind_of(unsigned needs) {
  return (needs & TUV_SERVES_QUERY) != 0 ? 0 : (needs & TUV_SERVES_STMT) != 0 ? 1 : 2;
}

/* A path with the token, where the proxy of the cloud expects it. Returns NULL without memory. */
static char* write_path(const tuv_conns_t* conns, const char* path) {
  const char* token = conns->context->url.token;
  size_t room = strlen(path) + sizeof "?token=" + 3 * strlen(token);
  char* text = tuv_malloc(&conns->context->mem->alloc, room);
  if (text == NULL) return NULL;
  char* out = text + snprintf(text, room, "%s%s", path, token[0] == 0 ? "" : "?token=");
  out[tuv_percent_encode(out, token, strlen(token))] = 0;
  return text;
}

int tuv_endpoint_init(tuv_conns_t* conns) {
  conns->context->path = write_path(conns, conns->endpoint->path);
  return conns->context->path == NULL ? TAOSUV_ENOMEM : 0;
}

static void free_path(const tuv_conns_t* conns, char* path) {
  if (path != NULL) tuv_wipe(path, strlen(path));
  tuv_free(&conns->context->mem->alloc, path);
}

void tuv_endpoint_free(tuv_conns_t* conns) {
  free_path(conns, conns->context->path);
  for (size_t i = 0; i < sizeof conns->legacy_paths / sizeof *conns->legacy_paths; i++)
    free_path(conns, conns->legacy_paths[i]);
}

int tuv_endpoint_path(tuv_conn_t* conn, const char** path) {
  tuv_conns_t* conns = conn->conns;
  *path = conns->context->path;
  if (!tuv_conn_is_narrow(conn)) return 0;
  char** legacy = &conns->legacy_paths[kind_of(conn->serves)];
  if (*legacy == NULL) *legacy = write_path(conns, legacy_paths[kind_of(conn->serves)]);
  *path = *legacy;
  return *legacy == NULL ? TAOSUV_ENOMEM : 0;
}

static void set_serves(tuv_conn_t* conn, unsigned serves) {
  if (tuv_conn_is_narrow(conn)) conn->conns->narrow--;
  conn->serves = (uint8_t) serves;
  if (tuv_conn_is_narrow(conn)) conn->conns->narrow++;
}

static bool has_choice(const tuv_conn_t* conn) {
  return conn->conns->endpoint->has_legacy && conn->conns->transport->has_endpoints;
}

void tuv_endpoint_begin(tuv_conn_t* conn, unsigned wanted) {
  bool legacy = conn->host->legacy && has_choice(conn);
  conn->wanted = (uint8_t) (1u << kind_of(wanted));
  conn->serves = TUV_SERVES_ALL;
  if (legacy) set_serves(conn, conn->wanted);
}

/* After a failure the host may have another gateway. */
void tuv_endpoint_leave(tuv_conn_t* conn) {
  if (conn->state == TUV_CONN_DEAD) conn->host->legacy = false;
  if (tuv_conn_is_narrow(conn)) conn->conns->narrow--;
}

/* A newer gateway may have refused /ws because of a proxy: it is asked for it each time. */
void tuv_endpoint_ready(tuv_conn_t* conn) {
  conn->host->legacy = tuv_conn_is_narrow(conn) && conn->version < SINCE;
}

/* What has made a connection change its endpoint: the first one was refused; the version says that
 * there is /ws, although it was not asked for or was refused once; /ws was refused after that. */
enum { NONE, REFUSED, OUTDATED, BACK };

static void use_other(tuv_conn_t* conn, uint8_t asks) {
  bool to_legacy = !tuv_conn_is_narrow(conn);
  conn->host->legacy = false;
  conn->asks = asks;
  set_serves(conn, to_legacy ? conn->wanted : TUV_SERVES_ALL);
  if (to_legacy) conn->conns->events->narrowed(conn);
}

static void log_other(const tuv_conn_t* conn, int http_status) {
  char text[256];
  const char* other = tuv_conn_is_narrow(conn) ? legacy_paths[kind_of(conn->serves)] : "/ws";
  snprintf(text, sizeof text, "connection to %s: HTTP status %d, trying %s", tuv_conn_host(conn),
           http_status, other);
  tuv_observe_log(conn->context, TAOSUV_LOG_DEBUG, text);
}

bool tuv_endpoint_refused(tuv_conn_t* conn, int http_status, tuv_failure_t* failure,
                          tuv_errmsg_t* err) {
  bool missing = http_status == 404 || http_status == 400;
  if (!missing || !has_choice(conn)) return false;
  if (conn->asks == NONE || conn->asks == OUTDATED) {
    conn->first_refusal = http_status;
    use_other(conn, conn->asks + 1);
    log_other(conn, http_status);
    return true;
  }
  /* A status 400 says that the endpoint exists, and did not accept the request. */
  bool both = http_status == 404 && conn->first_refusal == 404;
  failure->status = both ? TAOSUV_ENOENDPOINT : TAOSUV_EUPGRADE;
  snprintf(err->text, sizeof err->text,
           "the host has neither /ws (taosAdapter from 3.1.1.15 on) nor %s (before): %s",
           legacy_paths[kind_of(conn->wanted)], failure->message);
  failure->message = err->text;
  return false;
}

bool tuv_endpoint_is_outdated(tuv_conn_t* conn) {
  bool outdated = tuv_conn_is_narrow(conn) && conn->asks < OUTDATED && conn->version >= SINCE;
  if (outdated) use_other(conn, OUTDATED);
  return outdated;
}

uint64_t tuv_endpoint_max_message(const tuv_conn_t* conn) {
  uint64_t most = conn->context->url.max_message_size;
  bool old = tuv_conn_is_narrow(conn) && conn->version < SINCE;
  return old && most > OLD_MAX_MESSAGE ? OLD_MAX_MESSAGE : most;
}
