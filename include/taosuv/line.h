/* Writing line protocol: points one by one, with what needs it escaped. */
#ifndef TAOSUV_LINE_H
#define TAOSUV_LINE_H

#include "bind.h"
#include "url.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Lines in the making. It belongs to the library: made by taosuv_line_create, ended by
 * taosuv_line_free. It needs neither client nor loop, and is used by one thread at a time. Once it
 * has held as much as it is going to, it asks for no more memory. */
typedef struct taosuv_line_s taosuv_line_t;
struct taosuv_allocator_s; /* taosuv_allocator_t of client.h */

/* `allocator` is copied; NULL: malloc, realloc, free. Returns 0, TAOSUV_EINVAL or TAOSUV_ENOMEM. */
TAOSUV_EXTERN int taosuv_line_create(const struct taosuv_allocator_s* allocator,
                                     taosuv_line_t** line);
TAOSUV_EXTERN void taosuv_line_free(taosuv_line_t* line); /* NULL is allowed */

/* A point is begin, then its tags, then one field or more, then end:
 *
 *   taosuv_line_begin(line, "cpu", TAOSUV_NUL_TERMINATED);
 *   taosuv_line_tag(line, "host", TAOSUV_NUL_TERMINATED, host, TAOSUV_NUL_TERMINATED);
 *   taosuv_line_field(line, "user", TAOSUV_NUL_TERMINATED, TAOSUV_TYPE_DOUBLE, taosuv_f64(0.25));
 *   taosuv_line_end(line, 1700000000000);
 *
 * Each returns 0, TAOSUV_EINVAL, TAOSUV_ERANGE (a value that its type cannot hold), TAOSUV_ETYPE (a
 * value of another kind than its type needs, a type that line protocol has not) or TAOSUV_ENOMEM.
 * A step that failed changes nothing: taosuv_line_error says what was wrong, and the point may go on
 * without it, or be dropped. Texts are copied.
 *
 * All texts are UTF-8 without newline and NUL. What a step accepts, a server stores byte for byte;
 * what line protocol cannot carry is TAOSUV_EINVAL:
 *
 * Keys of a point differ. `_ts` and `_tag_null` are names of the server's own.
 *
 * Backslashes in measurements, keys and tag values: servers from 3.3.0.1 on read two of them as
 * one, older ones as two. A single backslash before an ordinary character ("C:\\temp", in C) has
 * one form that all servers read alike. Without taosuv_line_set_server no other backslash is
 * accepted: none at the end, none before a comma, a space or '=' (in a measurement it may stand
 * before '='), no two in a row. Field values may have any backslashes. */

/* States for which server the next points are written, by its version ("3.3.7.5", as
 * taosuv_server_version gives it). NULL: for any server, which is the default. For a server from
 * 3.3.0.1 on, tag values and the keys of tags may then have backslashes in a row and at the end,
 * and measurements may have them in a row. For an older server, from 3.0.5.1 on, all of these and
 * the keys of fields may have any backslash but one at the end. For servers before 3.0.5.1 points
 * are written as for any server. A server of the other kind would store other texts. May be called
 * between points only. Returns 0 or TAOSUV_EINVAL. */
TAOSUV_EXTERN int taosuv_line_set_server(taosuv_line_t* line, const char* version, size_t length);

/* The super table: 1 to 192 bytes, not beginning with '#'. The server makes '_' of '.' in it,
 * unless its smlDot2Underline is 0. */
TAOSUV_EXTERN int taosuv_line_begin(taosuv_line_t* line, const char* measurement, size_t length);

/* A tag, before the first field. Key 1 to 64 bytes; value 1 to 2047 bytes, an NCHAR. The server
 * makes the tag as wide as the next power of two, in characters of 4 bytes, and has 16384 bytes for
 * all tags of a table: TAOSUV_ERANGE when those of the point need more. */
TAOSUV_EXTERN int taosuv_line_tag(taosuv_line_t* line, const char* key, size_t key_length,
                                  const char* value, size_t value_length);

/* A field: a column of this type. Key 1 to 64 bytes. TAOSUV_VALUE_NULL writes nothing: the column
 * keeps what it has, or NULL.
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

/* Ends the point. `timestamp` is in the precision that is given to taosuv_insert_lines; 0: the
 * server's time when it gets it. */
TAOSUV_EXTERN int taosuv_line_end(taosuv_line_t* line, int64_t timestamp);

/* Gives up the point in the making, if there is one. */
TAOSUV_EXTERN void taosuv_line_drop(taosuv_line_t* line);

/* All points that were ended, a line each with its newline, without NUL; until the next change. The
 * text of no point is NULL, 0. */
TAOSUV_EXTERN const char* taosuv_line_text(const taosuv_line_t* line, size_t* length);
TAOSUV_EXTERN uint64_t taosuv_line_points(const taosuv_line_t* line);

/* Forgets all points, also the one in the making, and keeps the memory for the next ones. */
TAOSUV_EXTERN void taosuv_line_clear(taosuv_line_t* line);

/* What was wrong with the last step that failed; "" before. Lives as long as the handle. */
TAOSUV_EXTERN const char* taosuv_line_error(const taosuv_line_t* line);

#ifdef __cplusplus
}
#endif

#endif
