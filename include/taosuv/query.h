/* SQL: exec for statements, query and fetch for rows. */
#ifndef TAOSUV_QUERY_H
#define TAOSUV_QUERY_H

#include <stdbool.h>

#include "block.h"
#include "client.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Runs one SQL statement and ignores its rows. `sql` is UTF-8 and is copied before the call
 * returns. A request is one statement: the server ignores text after the first ';'. A SELECT is run
 * as well: its result is freed on the server unread, and affected_rows is 0. */
typedef struct taosuv_exec_s taosuv_exec_t;
typedef void (*taosuv_exec_cb)(taosuv_exec_t* req, int status);
struct taosuv_exec_s {
  TAOSUV_REQ_FIELDS
  taosuv_exec_cb cb;
  int64_t affected_rows; /* out: rows written or deleted; 0 for DDL */
};
TAOSUV_EXTERN int taosuv_exec(taosuv_client_t* client, taosuv_exec_t* req, const char* sql,
                              size_t length, taosuv_exec_cb cb);

/* A result set of a query, open on the server. It belongs to the library and is bound to the
 * connection that it was opened on (over HTTP it is complete in memory and needs no connection). It
 * must always be ended by taosuv_result_close, also after its last block and after an error. */
typedef struct taosuv_result_s taosuv_result_t;

/* A column of a result set. */
typedef struct taosuv_field_s {
  const char* name; /* UTF-8, NUL-terminated; lives as long as the result */
  uint32_t name_length;
  uint8_t type;      /* taosuv_type_t */
  uint8_t precision; /* TIMESTAMP: taosuv_precision_t of the result; DECIMAL: total digits; 0:
                        unknown, see TAOSUV_COLUMN_SCALE_UNKNOWN */
  uint8_t scale;     /* DECIMAL: digits after the point */
  int64_t length;    /* the declared width: characters of NCHAR, bytes of the others */
  uint64_t reserved[2];
} taosuv_field_t;

/* Runs one SQL statement and opens its result set. After an INSERT, DDL or USE `result` is NULL and
 * affected_rows is set, as with taosuv_exec. With prefetch (the URL's default) the first block is
 * requested as soon as the query is answered. */
typedef struct taosuv_query_s taosuv_query_t;
typedef void (*taosuv_query_cb)(taosuv_query_t* req, int status);
struct taosuv_query_s {
  TAOSUV_REQ_FIELDS
  taosuv_query_cb cb;
  taosuv_result_t* result; /* out: to be closed by the caller; NULL after a failure or an update */
  int64_t affected_rows;   /* out */
};
TAOSUV_EXTERN int taosuv_query(taosuv_client_t* client, taosuv_query_t* req, const char* sql,
                               size_t length, taosuv_query_cb cb);

/* The columns of a result: an array of *count fields, valid as long as the result. */
TAOSUV_EXTERN const taosuv_field_t* taosuv_result_fields(const taosuv_result_t* result,
                                                         uint32_t* count);
/* The unit of the result's timestamps. */
TAOSUV_EXTERN taosuv_precision_t taosuv_result_precision(const taosuv_result_t* result);

/* Fetches the next block of a result; `block` is NULL after the last row. Only one fetch of a
 * result may be pending: a second one returns TAOSUV_EBUSY. A failure ends the result, except
 * TAOSUV_ECANCELED, TAOSUV_ETIMEDOUT and TAOSUV_EUNSENT, after which the next fetch continues where
 * this one stopped. After the end every fetch yields NULL again, and after a failure the same
 * failure. Also returns TAOSUV_ECLOSED if the result's client is closed. If the connection was
 * lost, the status is TAOSUV_ECONNLOST, or the error that ended the connection (TAOSUV_EPROTO,
 * TAOSUV_EWS, …); for a malformed block it is TAOSUV_EBLOCK. */
typedef struct taosuv_fetch_s taosuv_fetch_t;
typedef void (*taosuv_fetch_cb)(taosuv_fetch_t* req, int status);
struct taosuv_fetch_s {
  TAOSUV_REQ_FIELDS
  taosuv_fetch_cb cb;
  taosuv_result_t* result; /* out: the result that was fetched from */
  taosuv_block_t* block;   /* out: valid until the callback returns, or as long as it is
                              referenced */
};
TAOSUV_EXTERN int taosuv_fetch(taosuv_result_t* result, taosuv_fetch_t* req, taosuv_fetch_cb cb);

/* Closes a result at any time, whether it was read to its end or not, and frees it on the server. A
 * pending fetch completes with TAOSUV_ECANCELED. NULL is allowed. */
TAOSUV_EXTERN void taosuv_result_close(taosuv_result_t* result);

#ifdef __cplusplus
}
#endif

#endif
