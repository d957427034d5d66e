/* The text of a URL without its secrets, for logs and error texts. */
#include <stdalign.h>
#include <string.h>

#include "wire/status.h"
#include "wire/text.h"
#include "wire/url/url.h"
#include "wire/url/parts.h"

/* Memory for tuv_url_parse, which takes one block: for the text, the hosts and a little more. */
typedef struct stack_memory_s {
  alignas(max_align_t) char bytes[TUV_URL_MAX_LENGTH + TUV_URL_MAX_HOSTS * sizeof(tuv_host_t) + 64];
} stack_memory_t;

static void* stack_malloc(void* context, size_t size) {
  stack_memory_t* memory = context;
  return size <= sizeof memory->bytes ? memory->bytes : NULL;
}

static void stack_free(void* context, void* ptr) {
  (void) context;
  (void) ptr;
}

static bool is_valid(const char* text, size_t length) {
  stack_memory_t memory;
  tuv_alloc_t alloc = {&memory, stack_malloc, NULL, stack_free};
  tuv_url_t url;
  if (tuv_url_parse(&alloc, text, length, &url, NULL) != 0) return false;
  tuv_url_free(&alloc, &url);
  return true;
}

/* Writes the text from *from up to the secret, and "***" in place of the secret. */
static void hide(tuv_text_t* out, const char** from, tuv_span_t secret) {
  tuv_text_add(out, *from, (size_t) (secret.at - *from));
  tuv_text_add(out, "***", 3);
  *from = secret.at + secret.length;
}

int tuv_url_redact(const char* text, size_t length, char* buf, size_t size) {
  tuv_text_t out = tuv_text_start(buf, size);
  tuv_url_parts_t parts;
  tuv_span_t piece, key;
  if (!is_valid(text, length) || tuv_url_split(text, length, &parts, NULL) != 0) {
    tuv_text_end(&out);
    return TUV_EURL;
  }
  const char* from = text;
  if (parts.password.at != NULL) hide(&out, &from, parts.password);
  while (tuv_span_next(&parts.query, '&', &piece)) {
    tuv_span_next(&piece, '=', &key);
    if (piece.at != NULL && tuv_url_key_is_secret(key)) hide(&out, &from, piece);
  }
  tuv_text_add(&out, from, (size_t) (text + length - from));
  return tuv_text_end(&out);
}
