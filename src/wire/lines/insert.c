/* Schemaless writes. */
#include "wire/lines/insert.h"

#include <string.h>

#include "util/ascii.h"
#include "wire/value/format.h"

static const char* const precisions[TUV_INSERT_PRECISIONS] = {"", "h", "m", "s", "ms", "u", "ns"};

const char* tuv_insert_precision(unsigned int precision) {
  return precision < TUV_INSERT_PRECISIONS ? precisions[precision] : "";
}

/* ---- payload ---- */

/* ttl (8 bytes), protocol (1), precision (1), length of the key (1), unused (5), key, text. */
size_t tuv_insert_pack(uint8_t out[TUV_INSERT_PACK_MAX], const tuv_insert_t* insert) {
  memset(out, 0, 16);
  memcpy(out, &insert->ttl, 8);
  out[8] = insert->protocol;
  out[9] = insert->precision;
  out[10] = (uint8_t) insert->key_length;
  if (insert->key_length > 0) memcpy(out + 16, insert->key, insert->key_length);
  return 16 + insert->key_length;
}

void tuv_insert_unpack(const uint8_t* payload, size_t size, tuv_insert_t* insert) {
  memcpy(&insert->ttl, payload, 8);
  insert->protocol = payload[8];
  insert->precision = payload[9];
  insert->key_length = payload[10];
  insert->must_name = false;
  insert->key = (const char*) payload + 16;
  insert->text = payload + 16 + insert->key_length;
  insert->size = size - 16 - insert->key_length;
}

/* ---- texts as JSON ---- */

/* How many bytes escaping a byte adds: 1 for an escape with a letter, 5 for \u00XX. */
static inline size_t extra(uint8_t byte) {
  if (byte >= 0x20) return byte == '"' || byte == '\\';
  return byte == '\n' || byte == '\r' || byte == '\t' ? 1 : 5;
}

/* Whether one of eight bytes is '"', '\\' or a control character. */
static inline bool any_special(const uint8_t* bytes) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  uint64_t word;
  memcpy(&word, bytes, 8);
  uint64_t quote = word ^ ones * '"';
  uint64_t slash = word ^ ones * '\\';
  uint64_t found = (quote - ones) & ~quote;
  found |= (slash - ones) & ~slash;
  found |= (word - ones * 0x20) & ~word;
  return (found & ones * 0x80) != 0;
}

/* The number of bytes at the beginning of a text that need no escape. */
static size_t plain(const uint8_t* text, size_t size) {
  size_t i = 0;
  while (size - i >= 8 && !any_special(text + i)) i += 8;
  while (i < size && extra(text[i]) == 0) i++;
  return i;
}

size_t tuv_insert_escaped(const uint8_t* text, size_t size) {
  size_t more = 0;
  if (size > SIZE_MAX / 6) return SIZE_MAX;
  for (size_t i = plain(text, size); i < size; i += 1 + plain(text + i + 1, size - i - 1))
    more += extra(text[i]);
  return size + more;
}

static size_t put_byte(uint8_t* out, uint8_t byte) {
  out[0] = '\\';
  out[1] = byte;
  if (byte == '\n') out[1] = 'n';
  if (byte == '\r') out[1] = 'r';
  if (byte == '\t') out[1] = 't';
  if (out[1] >= 0x20) return 2;
  memcpy(out + 1, "u00", 3);
  tuv_hex_write(out + 4, byte);
  return 6;
}

size_t tuv_insert_escape(uint8_t* out, size_t room, const uint8_t* text, size_t size,
                         size_t* used) {
  size_t length = 0;
  size_t i = 0;
  while (i < size && room - length >= 6) {
    size_t left = size - i < room - length ? size - i : room - length;
    size_t run = plain(text + i, left);
    memcpy(out + length, text + i, run);
    length += run;
    i += run;
    if (run < left && room - length >= 6) length += put_byte(out + length, text[i++]);
  }
  *used = i;
  return length;
}

/* ---- the message ---- */

static void add(tuv_text_t* text, const char* bytes) {
  tuv_text_add(text, bytes, strlen(bytes));
}

/* For servers that require a precision. They take an unknown one as the default. */
#define DEFAULT_PRECISION "none"

static const char* precision_to_send(const tuv_insert_t* insert) {
  if (insert->precision != TUV_INSERT_NO_PRECISION || !insert->must_name)
    return tuv_insert_precision(insert->precision);
  return insert->protocol == 1 ? tuv_insert_precision(TUV_INSERT_NS) : DEFAULT_PRECISION;
}

size_t tuv_insert_head(uint8_t out[TUV_INSERT_HEAD_MAX], uint64_t req_id,
                       const tuv_insert_t* insert) {
  uint8_t key[6 * TUV_INSERT_KEY_MAX];
  size_t used;
  tuv_text_t text = tuv_text_start((char*) out, TUV_INSERT_HEAD_MAX);
  add(&text, "{\"action\":\"insert\",\"args\":{\"req_id\":");
  tuv_format_u64(&text, req_id);
  add(&text, ",\"protocol\":");
  tuv_format_u64(&text, insert->protocol);
  const char* precision = precision_to_send(insert);
  if (precision[0] != 0) {
    add(&text, ",\"precision\":\"");
    add(&text, precision);
    add(&text, "\"");
  }
  if (insert->ttl != 0) {
    add(&text, ",\"ttl\":");
    tuv_format_u64(&text, insert->ttl);
  }
  if (insert->key_length > 0) {
    size_t length = tuv_insert_escape(key, sizeof key, (const uint8_t*) insert->key,
                                      insert->key_length, &used);
    add(&text, ",\"table_name_key\":\"");
    tuv_text_add(&text, (const char*) key, length);
    add(&text, "\"");
  }
  add(&text, ",\"data\":\"");
  return text.length;
}

static unsigned int precision_of(const char* name) {
  unsigned int precision = 0;
  if (name != NULL && strcmp(name, DEFAULT_PRECISION) == 0) return precision;
  while (name != NULL && precision < TUV_INSERT_PRECISIONS &&
         strcmp(precisions[precision], name) != 0)
    precision++;
  return precision;
}

bool tuv_insert_read(const yyjson_alc* alc, const uint8_t* message, size_t size, yyjson_doc** doc,
                     tuv_insert_t* insert) {
  union { /* without YYJSON_READ_INSITU yyjson only reads it */
    const uint8_t* in;
    char* out;
  } text = {message};
  *doc = yyjson_read_opts(text.out, size, 0, alc, NULL);
  yyjson_val* root = yyjson_doc_get_root(*doc);
  yyjson_val* args = yyjson_obj_get(root, "args");
  yyjson_val* data = yyjson_obj_get(args, "data");
  yyjson_val* key = yyjson_obj_get(args, "table_name_key");
  unsigned int precision = precision_of(yyjson_get_str(yyjson_obj_get(args, "precision")));
  bool fits = yyjson_equals_str(yyjson_obj_get(root, "action"), "insert") && yyjson_is_str(data) &&
              precision < TUV_INSERT_PRECISIONS && yyjson_get_len(key) <= TUV_INSERT_KEY_MAX;
  if (!fits) {
    yyjson_doc_free(*doc);
    *doc = NULL;
    return false;
  }
  insert->must_name = false;
  insert->protocol = (uint8_t) yyjson_get_uint(yyjson_obj_get(args, "protocol"));
  insert->precision = (uint8_t) precision;
  insert->ttl = yyjson_get_uint(yyjson_obj_get(args, "ttl"));
  insert->key = yyjson_get_str(key);
  insert->key_length = yyjson_get_len(key);
  insert->text = (const uint8_t*) yyjson_get_str(data);
  insert->size = yyjson_get_len(data);
  return true;
}
