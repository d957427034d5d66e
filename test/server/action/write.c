/* Binary actions that write blocks and consumers' raw messages. */
#include "action/write.h"

#include <stdlib.h>
#include <string.h>

#include "apply/apply.h"
#include "session/reply.h"

static void answer(ts_request_t* request, int status, const ts_error_t* error) {
  if (status != 0) {
    ts_reply_error(request, error->code, "%s", error->text);
  } else {
    ts_reply_begin(request);
    ts_reply_end(request);
  }
}

bool ts_request_write_raw(ts_request_t* request, const uint8_t* data, size_t size) {
  ts_session_t* session = request->session;
  ts_error_t error;
  if (size < 6) return false;
  uint32_t length = ts_get_u32(data);
  if (length > size - 6) return false;
  int status = ts_apply_raw(session->server->store, &session->env, ts_get_u16(data + 4), data + 6,
                            length, &error);
  answer(request, status, &error);
  return true;
}

/* struct TAOS_FIELD of TDengine's C interface, of which only the name is looked at. */
#define FIELD_SIZE 72u
#define FIELD_NAME 65u

static const char** read_names(const uint8_t* fields, uint32_t count) {
  const char** names = ts_calloc(count, sizeof *names);
  for (uint32_t i = 0; i < count; i++) {
    names[i] = (const char*) fields + (size_t) i * FIELD_SIZE;
    if (memchr(names[i], '\0', FIELD_NAME) == NULL) names[i] = "";
  }
  return names;
}

static int write_block(ts_session_t* session, const char* table, const char* const* names,
                       const uint8_t* block, size_t size, ts_error_t* error) {
  ts_database_t* database = ts_database_find(session->server->store, session->env.db);
  ts_write_t write;
  if (session->env.db[0] == '\0')
    return ts_error(error, TS_E_DB_NOT_SPECIFIED, "Database not specified");
  if (database == NULL) return ts_error(error, TS_E_NO_DB, "Database not exist");
  ts_write_begin(&write, session->server->store);
  int status = ts_apply_block(&write, database, table, names, block, size, error);
  ts_write_end(&write, status == 0);
  return status;
}

bool ts_request_write_block(ts_request_t* request, const uint8_t* data, size_t size,
                            bool with_fields) {
  const char** names = NULL;
  ts_error_t error;
  if (size < 6) return false;
  size_t length = ts_get_u16(data + 4);
  if (length > size - 6 || size - 6 - length < 28) return false;
  const uint8_t* block = data + 6 + length;
  size_t left = size - 6 - length;
  size_t block_size = ts_get_u32(block + 4);
  uint32_t columns = ts_get_u32(block + 12);
  if (block_size > left || ts_get_u32(data) != ts_get_u32(block + 8)) return false;
  if (with_fields) {
    if ((left - block_size) / FIELD_SIZE < columns) return false;
    names = read_names(block + block_size, columns);
  }
  char* table = ts_strdup((const char*) data + 6, length);
  int status = write_block(request->session, table, names, block, block_size, &error);
  free(table);
  free(names);
  answer(request, status, &error);
  return true;
}
