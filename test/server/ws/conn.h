/* The insides of a connection, for the ws_*.c files. */
#ifndef TS_WS_CONN_H
#define TS_WS_CONN_H

#include <llhttp.h>

#include "wire/deflate.h"
#include "ws/tls.h"
#include "wire/ws_frame.h"
#include "ws/peer.h"

/* Bytes to be sent: own ones, or a part of a blob. */
typedef struct ts_chunk_s {
  struct ts_chunk_s* next;
  ts_blob_t* blob; /* NULL: the bytes are in data */
  const uint8_t* at;
  size_t size;
  size_t capacity; /* of data */
  uint8_t data[];
} ts_chunk_t;

/* A reply on its way through the faults. */
typedef struct ts_reply_s {
  struct ts_reply_s* next;
  uint64_t due;
  uint8_t opcode;
  size_t size;
  ts_blob_t* body;
  uint8_t head[];
} ts_reply_t;

typedef struct ts_reply_list_s {
  ts_reply_t* first;
  ts_reply_t* last;
  uint32_t count;
} ts_reply_list_t;

/* The upgrade request, or an HTTP request, as far as it has come. */
typedef struct ts_upgrade_s {
  llhttp_t parser;
  llhttp_settings_t settings;
  ts_buf_t text; /* all of its bytes */
  char path[1024];
  char field[32];
  char value[512];
  size_t path_size, field_size, value_size;
  bool has_upgrade, has_connection, has_version, offers_deflate;
  bool complete;
  char key[64];
  /* HTTP (ws/http.c) */
  char authorization[512];
  bool accepts_gzip;
  bool pending; /* it is complete, and not answered */
  bool last;    /* with its answer the connection ends */
  ts_buf_t body;
  ts_buf_t beyond; /* what came behind it meanwhile */
} ts_upgrade_t;

struct ts_conn_s {
  uv_tcp_t tcp;
  uv_timer_t ping;
  uv_timer_t deadline;
  uv_timer_t delay;
  uv_write_t write;
  uv_shutdown_t shutdown;
  ts_peer_t* peer;
  ts_tls_t* tls; /* NULL: none */
  void* data;
  ts_patch_t patch; /* size 0: none */
  ts_conn_t* prev;  /* of the peer's list */
  ts_conn_t* next;
  unsigned handles; /* not closed yet */
  bool opened;
  bool http; /* it is no WebSocket, but one HTTP request after the other */
  bool closing;
  uint64_t last_seen;
  ts_upgrade_t upgrade;
  ts_fault_t fault;
  char* upgrade_answer; /* the connection's own copy */
  uint64_t received;
  /* messages */
  tuv_ws_reader_t reader;
  ts_buf_t message;
  tuv_inflater_t* inflater; /* both NULL: no compression was agreed on */
  tuv_deflater_t* deflater;
  /* replies (ws/reply.c) */
  bool reply_faults;
  uint32_t replies;
  uint32_t delivered;
  ts_reply_list_t held;
  ts_reply_list_t delayed;
  /* bytes (ws/out.c) */
  uint64_t sent;
  bool deaf; /* nothing more is queued */
  bool stalled;
  bool cut_when_flushed;
  bool finish_when_flushed;
  bool writing;
  size_t write_size; /* of the write in progress */
  bool dirty;
  ts_conn_t* dirty_next;
  ts_chunk_t* out_first;
  ts_chunk_t* out_last;
};

struct ts_peer_s {
  uv_tcp_t tcp;
  uv_prepare_t prepare;
  uv_check_t check;
  unsigned handles;
  int port;
  bool refuse;
  bool paused; /* nothing is read */
  bool closing;
  ts_peer_options_t options;
  ts_peer_counters_t counters;
  ts_fault_t fault;
  char* upgrade_answer;
  unsigned fault_count;
  bool fault_forever;
  ts_conn_t* conns;
  ts_conn_t* dirty;
  void (*closed)(void* data);
  void* closed_data;
  char buffer[65536]; /* of the read in progress: libuv asks for it only right before reading */
};

/* ws/out.c */
void ts_out_bytes(ts_conn_t* conn, const void* data, size_t size); /* copies them */
void ts_out_cipher(void* conn, const uint8_t* data, size_t size);  /* what TLS made of them */
void ts_out_blob(ts_conn_t* conn, ts_blob_t* blob);
void ts_out_flush(ts_conn_t* conn);
void ts_out_flush_dirty(ts_peer_t* peer, bool before_poll);
void ts_out_finish(ts_conn_t* conn); /* the end of the connection when all is written */
void ts_out_free(ts_conn_t* conn);

/* ws/reply.c */
void ts_reply_faults_changed(ts_conn_t* conn);
void ts_reply_timer(uv_timer_t* timer);
void ts_reply_free(ts_conn_t* conn);

/* ws/deflate.c: false when there is no zlib */
bool ts_deflate_init(ts_conn_t* conn);
void ts_deflate_free(ts_conn_t* conn);
/* A message as the gateway sends it: compressed, in frames of 4096 bytes. */
void ts_deflate_send(ts_conn_t* conn, uint8_t opcode, const void* head, size_t size,
                     const ts_blob_t* body);
/* A gzip member of these bytes, at least one; false when there is no zlib. */
bool ts_deflate_gzip(const void* data, size_t size, ts_buf_t* out);
/* The content of a whole compressed message; false when it has none. The caller frees `out`. */
bool ts_deflate_read(ts_conn_t* conn, const uint8_t* data, size_t size, ts_buf_t* out);

/* ws/http.c: gives the request that is complete to the peer's owner; false: nobody wants it. */
bool ts_http_request(ts_conn_t* conn);

/* ws/frames.c: takes bytes behind the upgrade. */
void ts_frames_read(ts_conn_t* conn, uint8_t* data, size_t size);

/* ws/upgrade.c */
void ts_upgrade_init(ts_conn_t* conn);
/* Takes bytes of the request and returns how many belonged to it. */
size_t ts_upgrade_feed(ts_conn_t* conn, const char* data, size_t size);

#endif
