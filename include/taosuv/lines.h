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
  TAOSUV_LINES_JSON = 2    /* OpenTSDB's: an object, or an array of them */
} taosuv_lines_format_t;

/* The unit of line protocol's timestamps. The server tells those of telnet and JSON, seconds or
 * milliseconds, by their 10 or 13 digits. */
typedef enum {
  TAOSUV_LINES_NO_PRECISION = 0, /* not given: line protocol is read as nanoseconds */
  TAOSUV_LINES_HOURS,
  TAOSUV_LINES_MINUTES,
  TAOSUV_LINES_SECONDS,
  TAOSUV_LINES_MS,
  TAOSUV_LINES_US,
  TAOSUV_LINES_NS
} taosuv_lines_precision_t;

/* Writes points into the current database (the URL's): tables, columns and tags that are not there
 * are made. One bad line fails the whole request, and none of it is written. Without a database the
 * server refuses it (9750), and over HTTP the call does (TAOSUV_ENOTSUP), as it does
 * with a precision for telnet lines or JSON, for which there is no place.
 *
 * The text is UTF-8 in any number of buffers that are joined as they are: a buffer that ends a line
 * has its newline in it. It is copied before the call returns and travels as one message. A text
 * that is empty or blank, and a format, precision or TTL that does not exist, are refused with
 * TAOSUV_EINVAL: the server would take a precision that it does not know for nanoseconds. So is
 * what is not UTF-8. A message that would be larger than max_message_size is TAOSUV_EMSGSIZE.
 *
 * Writing the same points again changes nothing, so `idempotent` may be set where their timestamps
 * are given. */
typedef struct taosuv_insert_lines_s taosuv_insert_lines_t;
typedef void (*taosuv_insert_lines_cb)(taosuv_insert_lines_t* req, int status);
struct taosuv_insert_lines_s {
  TAOSUV_REQ_FIELDS
  taosuv_insert_lines_cb cb;
  int format;    /* in: taosuv_lines_format_t */
  int precision; /* in: taosuv_lines_precision_t */
  int64_t ttl;   /* in: days that child tables made by this live; 0: for ever */
  /* in: the tag whose value is the child table's name, read during the call only; length 0: none.
   * Without it a child's name is made from a hash of its tags. A server before 3.3.3.0 would ignore
   * it: TAOSUV_EVERSION, returned or as status */
  const char* table_name_key;
  size_t table_name_key_length;
  int64_t affected_rows; /* out: rows written; several of one table and time count once. -1 where
                          * the server does not count: over HTTP, and before 3.3.3.0 */
  int64_t total_rows;    /* out: lines that were read, comments aside; a JSON text of one line is 1;
                            -1 where affected_rows is */
};
TAOSUV_EXTERN int taosuv_insert_lines(taosuv_client_t* client, taosuv_insert_lines_t* req,
                                      const uv_buf_t text[], unsigned int count,
                                      taosuv_insert_lines_cb cb);

#ifdef __cplusplus
}
#endif

#endif
