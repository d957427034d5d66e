/* A TLS stream over a stream in memory, with a TLS server at its other end, on a real loop. */
#ifndef TUV_TEST_UNIT_TLS_PAIR_H
#define TUV_TEST_UNIT_TLS_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "alloc_probe.h"
#include "io/tls/tls.h"
#include "mem_stream.h"
#include "ws/tls.h"

typedef struct tls_pair_s tls_pair_t;
struct tls_pair_s {
  uv_loop_t loop;
  alloc_probe_t probe;
  tuv_tls_context_t* context;
  ts_tls_config_t* config;
  /* of the connection */
  mem_stream_t mem;
  tuv_stream_t* stream; /* the one under test */
  ts_tls_t* server;
  bool hold_server; /* what the client wrote is not given to the server */
  size_t relayed;   /* bytes of mem.written that the server has got */
  size_t to_server; /* it gets no more than this, then the stream ends; SIZE_MAX */
  size_t to_client; /* the same for what it sends */
  size_t sent;      /* ciphertext by the server, before the cut */
  bool cut;
  int server_status; /* of ts_tls_feed */
  uint8_t* got;      /* plaintext that the server has received */
  size_t got_size;
  /* what the owner wants and hears */
  bool no_read;    /* reading is not started in on_connect */
  size_t offer;    /* bytes that alloc offers at most; SIZE_MAX */
  uint8_t* buffer; /* where the plaintext goes, one read behind the other */
  size_t room, filled;
  void (*then)(tls_pair_t* pair);                  /* called inside of each event */
  unsigned connects, reads, writes, closes, gifts; /* gifts: reads of nothing */
  int connect_status, read_status, write_status;
  char message[300];
};

/* Makes loop and contexts. `host` is always "db.example". */
void tls_pair_init(tls_pair_t* pair, const ts_tls_options_t* server,
                   const tuv_tls_settings_t* client);
/* Another server from now on. */
void tls_pair_serve(tls_pair_t* pair, const ts_tls_options_t* server);
/* Begins a connection, as to this host and port. Returns what tuv_tls_connect returned. */
int tls_pair_connect(tls_pair_t* pair, const char* host, uint16_t port);
/* Runs the loop and both ends until nothing comes by itself any more. */
void tls_pair_run(tls_pair_t* pair);
/* Connects and runs; returns the status of on_connect. */
int tls_pair_open(tls_pair_t* pair);
/* The server sends plaintext. */
void tls_pair_send(tls_pair_t* pair, const void* data, size_t size);
/* Closes the stream and waits for it; the pair can be used for another connection. */
void tls_pair_close(tls_pair_t* pair);
/* All away; requires that nothing leaked. */
void tls_pair_end(tls_pair_t* pair);

#endif
