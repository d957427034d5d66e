/* The arguments of JSON messages, read by Go's rules: an exact key before one in another case, the
 * last one of several; absent and null are the zero value; false is for another type. */
#ifndef TS_SESSION_ARGS_H
#define TS_SESSION_ARGS_H

#include <stdbool.h>
#include <stdint.h>
#include <yyjson.h>

yyjson_val* ts_arg(yyjson_val* object, const char* name); /* NULL: absent */
bool ts_arg_u64(yyjson_val* args, const char* name, uint64_t* value);
bool ts_arg_int(yyjson_val* args, const char* name, int64_t* value);
bool ts_arg_bool(yyjson_val* args, const char* name, bool* value);
/* `size` may be NULL. The text is the document's. */
bool ts_arg_text(yyjson_val* args, const char* name, const char** text, size_t* size);

#endif
