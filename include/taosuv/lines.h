/* Schemaless writes: InfluxDB's line protocol, OpenTSDB's telnet lines and JSON. */
#ifndef TAOSUV_LINES_H
#define TAOSUV_LINES_H

#include "client.h"
#include "line.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  TAOSUV_LINES_INFLUX = 0, /* measurement,tag=value field=value timestamp; line.h writes it */
  TAOSUV_LINES_TELNET = 1, /* metric timestamp value tag=value */
  TAOSUV_LINES_JSON = 2    /* OpenTSDB's: an object, or an array of objects */
} taosuv_lines_format_t;

/* The unit of line protocol's timestamps. For telnet lines and JSON the server recognises seconds
 * and milliseconds by their 10 or 13 digits. */
typedef enum {
  TAOSUV_LINES_NO_PRECISION = 0, /* not given: line protocol is read as nanoseconds */
  TAOSUV_LINES_HOURS,
  TAOSUV_LINES_MINUTES,
  TAOSUV_LINES_SECONDS,
  TAOSUV_LINES_MS,
  TAOSUV_LINES_US,
  TAOSUV_LINES_NS
} taosuv_lines_precision_t;

/* Writes points into the current database (the URL's). Missing tables, columns and tags are
 * created. One bad line fails the whole request, and nothing is written. Without a database the
 * server refuses the request (9750); over HTTP the call returns TAOSUV_ENOTSUP. Over HTTP the call
 * also returns TAOSUV_ENOTSUP if a precision is set for telnet lines or JSON.
 *
 * The text is UTF-8 in any number of buffers, which are concatenated: a line needs its newline. It
 * is copied before the call returns and sent as one message. TAOSUV_EINVAL is returned for a text
 * that is empty, blank or not UTF-8, and for an unknown format, precision or TTL (the server would
 * treat an unknown precision as nanoseconds). A message that would be larger than max_message_size
 * is TAOSUV_EMSGSIZE.
 *
 * Writing the same points again changes nothing, so `idempotent` may be set if all points have
 * timestamps. */
typedef struct taosuv_insert_lines_s taosuv_insert_lines_t;
typedef void (*taosuv_insert_lines_cb)(taosuv_insert_lines_t* req, int status);
struct taosuv_insert_lines_s {
  TAOSUV_REQ_FIELDS
  taosuv_insert_lines_cb cb;
  int format;    /* in: taosuv_lines_format_t */
  int precision; /* in: taosuv_lines_precision_t */
  int64_t ttl;   /* in: days for which new child tables are kept; 0: for ever */
  /* in: the tag whose value is the name of the child table; read only during the call; length 0:
   * none. Without it the name is a hash of the tags. Servers before 3.3.3.0 would ignore it:
   * TAOSUV_EVERSION, returned or as status */
  const char* table_name_key;
  size_t table_name_key_length;
  int64_t affected_rows; /* out: rows written; several of one table and time count once. -1 where
                          * the server does not count: over HTTP, and before 3.3.3.0 */
  int64_t total_rows;    /* out: lines that were read, without comments; a JSON text of one line
                            is 1; -1 when affected_rows is -1 */
};
TAOSUV_EXTERN int taosuv_insert_lines(taosuv_client_t* client, taosuv_insert_lines_t* req,
                                      const uv_buf_t text[], unsigned int count,
                                      taosuv_insert_lines_cb cb);

#ifdef __cplusplus
}
#endif

#endif
