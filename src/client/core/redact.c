/* Texts and messages without the client's secrets. */
#include "client/core/redact.h"

#include <string.h>

#define STARS "***"
#define MAX_DEPTH 16u

/* Shorter ones are found everywhere: stars in their place would tell what they are. */
#define MIN_SECRET 4u

tuv_secrets_t tuv_secrets_of(const tuv_url_t* url, const char* path, const char* totp,
                             const char* authorization) {
  const char* scheme_end = authorization == NULL ? NULL : strchr(authorization, ' ');
  const char* encoded = path == NULL ? NULL : strstr(path, "?token=");
  tuv_secrets_t secrets = {{url->password, url->token, url->bearer_token, url->totp_code,
                            url->totp_secret, totp,
                            encoded == NULL ? "" : encoded + strlen("?token="),
                            scheme_end == NULL ? "" : scheme_end + 1}};
  return secrets;
}

/* The length of the longest secret that stands at the beginning of a text; 0: none. */
static size_t secret_at(const tuv_secrets_t* secrets, const char* text, size_t length) {
  size_t longest = 0;
  for (size_t i = 0; i < sizeof secrets->text / sizeof *secrets->text; i++) {
    const char* secret = secrets->text[i];
    if (secret[0] == 0 || length == 0 || secret[0] != text[0]) continue;
    size_t size = strlen(secret);
    if (size < MIN_SECRET || size <= longest || size > length) continue;
    if (memcmp(secret, text, size) == 0) longest = size;
  }
  return longest;
}

bool tuv_secrets_in(const tuv_secrets_t* secrets, const void* data, size_t size) {
  const char* text = data;
  for (size_t i = 0; i < size; i++)
    if (secret_at(secrets, text + i, size - i) > 0) return true;
  return false;
}

size_t tuv_redact_text(const tuv_secrets_t* secrets, const char* text, size_t length, char* out,
                       size_t size) {
  size_t at = 0;
  for (size_t i = 0; i < length;) {
    size_t secret = secret_at(secrets, text + i, length - i);
    const char* piece = secret > 0 ? STARS : text + i;
    size_t piece_size = secret > 0 ? strlen(STARS) : 1;
    if (piece_size >= size - at) break;
    memcpy(out + at, piece, piece_size);
    at += piece_size;
    i += secret > 0 ? secret : 1;
  }
  out[at] = 0;
  return at;
}

typedef struct cleaner_s {
  yyjson_mut_doc* doc;
  const yyjson_alc* alc;
  const tuv_secrets_t* secrets;
  bool changed;
} cleaner_t;

/* Texts without a secret are not copied: they stay in the parsed message. */
static yyjson_mut_val* clean_text(cleaner_t* cleaner, yyjson_val* value) {
  const char* text = yyjson_get_str(value);
  size_t length = yyjson_get_len(value);
  if (!tuv_secrets_in(cleaner->secrets, text, length))
    return yyjson_mut_strn(cleaner->doc, text, length);
  cleaner->changed = true;
  /* A secret of one byte grows to three. */
  size_t room = length * strlen(STARS) + 1;
  char* out = cleaner->alc->malloc(cleaner->alc->ctx, room);
  if (out == NULL) return NULL;
  size_t size = tuv_redact_text(cleaner->secrets, text, length, out, room);
  yyjson_mut_val* made = yyjson_mut_strncpy(cleaner->doc, out, size);
  cleaner->alc->free(cleaner->alc->ctx, out);
  return made;
}

static bool is_secret_key(yyjson_val* key) {
  return yyjson_equals_str(key, "password") || yyjson_equals_str(key, "totp_code") ||
         yyjson_equals_str(key, "bearer_token");
}

static yyjson_mut_val* clean(cleaner_t* cleaner, yyjson_val* value, unsigned int depth);

static yyjson_mut_val* clean_object(cleaner_t* cleaner, yyjson_val* value, unsigned int depth) {
  yyjson_mut_val* object = yyjson_mut_obj(cleaner->doc);
  yyjson_obj_iter iter;
  yyjson_val* key;
  yyjson_obj_iter_init(value, &iter);
  while (object != NULL && (key = yyjson_obj_iter_next(&iter)) != NULL) {
    bool secret = is_secret_key(key);
    if (secret) cleaner->changed = true;
    yyjson_mut_val* name = clean_text(cleaner, key);
    yyjson_mut_val* member = secret ? yyjson_mut_str(cleaner->doc, STARS)
                                    : clean(cleaner, yyjson_obj_iter_get_val(key), depth + 1);
    if (member == NULL || !yyjson_mut_obj_add(object, name, member)) return NULL;
  }
  return object;
}

static yyjson_mut_val* clean_array(cleaner_t* cleaner, yyjson_val* value, unsigned int depth) {
  yyjson_mut_val* array = yyjson_mut_arr(cleaner->doc);
  yyjson_arr_iter iter;
  yyjson_val* element;
  yyjson_arr_iter_init(value, &iter);
  while (array != NULL && (element = yyjson_arr_iter_next(&iter)) != NULL)
    if (!yyjson_mut_arr_append(array, clean(cleaner, element, depth + 1))) return NULL;
  return array;
}

/* A value's copy, or NULL. What a server sends may be nested as deep as it likes. */
static yyjson_mut_val* clean(cleaner_t* cleaner, yyjson_val* value, unsigned int depth) {
  if (depth > MAX_DEPTH) return NULL;
  if (yyjson_is_obj(value)) return clean_object(cleaner, value, depth);
  if (yyjson_is_arr(value)) return clean_array(cleaner, value, depth);
  if (yyjson_is_str(value)) return clean_text(cleaner, value);
  return yyjson_val_mut_copy(cleaner->doc, value);
}

static char* write_clean(const tuv_json_t* json, const tuv_secrets_t* secrets, yyjson_val* root,
                         size_t* length, bool* changed) {
  cleaner_t cleaner = {yyjson_mut_doc_new(&json->heap), &json->heap, secrets, false};
  if (cleaner.doc == NULL) return NULL;
  char* text = NULL;
  yyjson_mut_val* made = clean(&cleaner, root, 0);
  if (made != NULL) {
    yyjson_mut_doc_set_root(cleaner.doc, made);
    text = yyjson_mut_write_opts(cleaner.doc, 0, &json->heap, length, NULL);
  }
  yyjson_mut_doc_free(cleaner.doc);
  *changed = cleaner.changed;
  return text;
}

char* tuv_redact_json(const tuv_json_t* json, const tuv_secrets_t* secrets, const void* data,
                      size_t size, size_t* length, bool* changed) {
  if (size > SIZE_MAX - YYJSON_PADDING_SIZE) return NULL;
  /* Parsed in place, so that there is one copy of the secrets to be wiped. */
  size_t room = size + YYJSON_PADDING_SIZE;
  char* copy = tuv_malloc(json->alloc, room);
  if (copy == NULL) return NULL;
  memcpy(copy, data, size);
  memset(copy + size, 0, YYJSON_PADDING_SIZE);
  char* text = NULL;
  yyjson_doc* doc = yyjson_read_opts(copy, size, YYJSON_READ_INSITU, &json->heap, NULL);
  if (doc != NULL) text = write_clean(json, secrets, yyjson_doc_get_root(doc), length, changed);
  yyjson_doc_free(doc);
  tuv_wipe(copy, room);
  tuv_free(json->alloc, copy);
  return text;
}

tuv_secrets_t tuv_secrets_of_context(const tuv_context_t* context) {
  return tuv_secrets_of(&context->url, context->path, context->totp, context->authorization);
}

const tuv_failure_t* tuv_redact_failure(const tuv_context_t* context, const tuv_failure_t* failure,
                                        tuv_redacted_t* out) {
  const char* message = failure->message;
  tuv_secrets_t secrets = tuv_secrets_of_context(context);
  if (message == NULL || !tuv_secrets_in(&secrets, message, strlen(message))) return failure;
  out->failure = *failure;
  out->failure.message = out->text;
  tuv_redact_text(&secrets, message, strlen(message), out->text, sizeof out->text);
  return &out->failure;
}
