/* A plain socket as client of the bundled server: it keeps all bytes, and the messages in them. */
#ifndef TS_TEST_WS_CLIENT_H
#define TS_TEST_WS_CLIENT_H

#include "testserver.h"
#include "wire/ws/frame.h"

typedef struct wc_message_s {
  uint8_t opcode;
  uint16_t code; /* of a close frame */
  ts_buf_t data;
} wc_message_t;

typedef struct wc_client_s {
  uv_tcp_t tcp;
  uv_connect_t connect;
  ts_buf_t bytes;
  size_t head; /* size of the answer to the upgrade; 0: not yet */
  unsigned reads;
  int end; /* 0: open; otherwise UV_EOF or an error */
  tuv_ws_reader_t reader;
  wc_message_t messages[64];
  size_t count;
  bool closed;
} wc_client_t;

typedef struct wc_s {
  uv_loop_t loop;
  ts_server_t* server;
  wc_client_t client;
  wc_client_t* other; /* the one that the calls are about, if not `client` */
} wc_t;

int wc_setup(void** state);    /* a loop and a server with its defaults */
int wc_teardown(void** state); /* fails when the server leaves something on the loop */

/* Calls are about this client from now on; NULL: `f->client`. It must be all zero at first, and be
 * freed by wc_free_client. */
void wc_use(wc_t* f, wc_client_t* client);
void wc_free_client(wc_t* f, wc_client_t* client);

void wc_turn(wc_t* f);
/* Turns the loop for this long at most, until the client has this number of messages, or its end.
 * */
void wc_wait_for(wc_t* f, size_t messages, uint64_t ms);
void wc_connect_to(wc_t* f, int port);
void wc_open_socket(wc_t* f); /* again, if there was one */
void wc_open_ws(wc_t* f);     /* with the upgrade */
void wc_login(wc_t* f);       /* with `conn`, whose reply is the first message */
void wc_open_path(wc_t* f, const char* path);
extern const char wc_upgrade[];

void wc_write_bytes(wc_t* f, const void* data, size_t size);
void wc_frame(wc_t* f, uint8_t opcode, const void* data, size_t size);
void wc_text(wc_t* f, const char* message);
void wc_forget(wc_t* f);         /* the messages so far */
void wc_ask(wc_t* f, int count); /* version requests with req_id 1, 2, … */
/* A binary request; `sql` NULL for a fetch. */
void wc_binary(wc_t* f, uint64_t id, uint64_t result, uint64_t action, const char* sql);

uint64_t wc_req_id(wc_t* f, size_t index); /* of a JSON reply */
bool wc_has(wc_t* f, size_t index, const char* part);

#endif
