/* Writes line protocol: one point at a time, with the necessary escapes. */
#ifndef TAOSUV_LINE_H
#define TAOSUV_LINE_H

#include "bind.h"
#include "url.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A builder of lines. It belongs to the library: created by taosuv_line_create, freed by
 * taosuv_line_free. It needs neither a client nor a loop, and may be used by one thread at a time.
 * It keeps its memory when it is cleared, so that it allocates only while it grows. */
typedef struct taosuv_line_s taosuv_line_t;
struct taosuv_allocator_s; /* taosuv_allocator_t of client.h */

/* `allocator` is copied; NULL: malloc, realloc, free. Returns 0, TAOSUV_EINVAL or TAOSUV_ENOMEM. */
TAOSUV_EXTERN int taosuv_line_create(const struct taosuv_allocator_s* allocator,
                                     taosuv_line_t** line);
TAOSUV_EXTERN void taosuv_line_free(taosuv_line_t* line); /* NULL is allowed */

/* To write a point, call begin, then tag for each of its tags, then field at least once, then end:
 *
 *   taosuv_line_begin(line, "cpu", TAOSUV_NUL_TERMINATED);
 *   taosuv_line_tag(line, "host", TAOSUV_NUL_TERMINATED, host, TAOSUV_NUL_TERMINATED);
 *   taosuv_line_field(line, "user", TAOSUV_NUL_TERMINATED, TAOSUV_TYPE_DOUBLE, taosuv_f64(0.25));
 *   taosuv_line_end(line, 1700000000000);
 *
 * Each returns 0, TAOSUV_EINVAL, TAOSUV_ERANGE (a value that its type cannot hold), TAOSUV_ETYPE
 * (the kind of the value does not fit the type, or line protocol does not have the type) or
 * TAOSUV_ENOMEM. A call that fails changes nothing: taosuv_line_error says what was wrong, and the
 * point may be continued without it, or dropped. Texts are copied.
 *
 * All texts are UTF-8 without newline and NUL. The server stores accepted texts byte for byte. A
 * text that line protocol cannot represent is TAOSUV_EINVAL.
 *
 * The keys of a point must be different. `_ts` and `_tag_null` are reserved by the server.
 *
 * Backslashes in measurements, keys and tag values: servers from 3.3.0.1 on read two of them as
 * one, older ones as two. A single backslash before an ordinary character ("C:\\temp", in C) has
 * one form that all servers read in the same way. Without taosuv_line_set_server no other backslash
 * is accepted: none at the end, none before a comma, a space or '=' (in a measurement it may stand
 * before '='), no two in a row. Field values may have any backslashes. */

/* Sets the version of the server that the next points are written for ("3.3.7.5", as
 * taosuv_server_version gives it). NULL, the default: for any server. For a server from 3.3.0.1 on,
 * tag values and the keys of tags may then have backslashes in a row and at the end, and
 * measurements may have them in a row. For an older server, from 3.0.5.1 on, all of these and the
 * keys of fields may have any backslash but one at the end. For servers before 3.0.5.1 points are
 * written as for any server. A server of another version may store different texts. May be called
 * only between points. Returns 0 or TAOSUV_EINVAL. */
TAOSUV_EXTERN int taosuv_line_set_server(taosuv_line_t* line, const char* version, size_t length);

/* Begins a point of a super table. Its name has 1 to 192 bytes and does not begin with '#'. The
 * server replaces '.' in it by '_', unless its smlDot2Underline is 0. */
TAOSUV_EXTERN int taosuv_line_begin(taosuv_line_t* line, const char* measurement, size_t length);

/* Adds a tag, before the first field. The key has 1 to 64 bytes, the value, an NCHAR, 1 to 2047
 * bytes. The server rounds the width of a tag up to a power of two, in characters of 4 bytes, and
 * allows 16384 bytes for all tags of a table: TAOSUV_ERANGE if those of the point need more. */
TAOSUV_EXTERN int taosuv_line_tag(taosuv_line_t* line, const char* key, size_t key_length,
                                  const char* value, size_t value_length);

/* Adds a field, which is a column of this type. The key has 1 to 64 bytes. TAOSUV_VALUE_NULL writes
 * nothing: the column keeps its value, or is NULL.
 *
 *   BOOL                        taosuv_bool
 *   integers                    taosuv_i64, taosuv_u64
 *   FLOAT, DOUBLE               taosuv_f64, finite (a FLOAT rounded to its precision)
 *   VARCHAR (up to 65517 bytes) taosuv_text; a quote or backslash counts twice
 *   NCHAR (up to 16379 bytes)   taosuv_text; likewise
 *   VARBINARY (up to 65517)     taosuv_bytes, taosuv_text; any bytes
 *   GEOMETRY                    taosuv_text: WKT, such as "POINT(1 2)" */
TAOSUV_EXTERN int taosuv_line_field(taosuv_line_t* line, const char* key, size_t key_length,
                                    taosuv_type_t type, taosuv_value_t value);

/* Ends the point. `timestamp` is in the precision that is passed to taosuv_insert_lines; 0: the
 * time at which the server receives it. */
TAOSUV_EXTERN int taosuv_line_end(taosuv_line_t* line, int64_t timestamp);

/* Discards the unfinished point, if there is one. */
TAOSUV_EXTERN void taosuv_line_drop(taosuv_line_t* line);

/* The text of all finished points, one line each with its newline; not NUL-terminated. Valid until
 * the next change. NULL and length 0 if there are no points. */
TAOSUV_EXTERN const char* taosuv_line_text(const taosuv_line_t* line, size_t* length);
TAOSUV_EXTERN uint64_t taosuv_line_points(const taosuv_line_t* line);

/* Discards all points, including an unfinished one, and keeps the memory for the next ones. */
TAOSUV_EXTERN void taosuv_line_clear(taosuv_line_t* line);

/* Why the last call failed; "" if none has failed. Valid as long as the handle. */
TAOSUV_EXTERN const char* taosuv_line_error(const taosuv_line_t* line);

#ifdef __cplusplus
}
#endif

#endif
