/* Arguments of JSON messages, read with Go's leniency. */
#ifndef SESSION_ARGS_H
#define SESSION_ARGS_H

#include "server.h"

/* A member by Go's rules: an exact key before one in another case, the last one of several. */
yyjson_val* ts_arg(yyjson_val* object, const char* name);
/* An absent or null one is 0, false or "". False: it is of another type. `size` may be NULL. */
bool ts_arg_u64(yyjson_val* args, const char* name, uint64_t* value);
bool ts_arg_int(yyjson_val* args, const char* name, int64_t* value);
bool ts_arg_bool(yyjson_val* args, const char* name, bool* value);
bool ts_arg_text(yyjson_val* args, const char* name, const char** text, size_t* size);
/* The error for one of another type. */
void ts_reply_bad_args(ts_request_t* request);

#endif
