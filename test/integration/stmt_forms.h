/* The forms of the statement protocol, for tests that run with each of them. */
#ifndef TUV_TEST_INTEGRATION_STMT_FORMS_H
#define TUV_TEST_INTEGRATION_STMT_FORMS_H

#include <stdbool.h>

#include "fixture.h"

typedef struct stmt_form_s {
  const char* name;
  const char* version; /* of the bundled server */
  const char* keys;    /* of the URL */
  bool first;          /* the first version */
} stmt_form_t;

static const stmt_form_t stmt_forms[] = {
    {"stmt2", "3.3.6.0", "stmt_version=2", false},
    {"first version", "3.3.6.0", "stmt_version=1", true},
    {"bind and exec in one message", "3.4.1.13", "metrics=0", false},
    {"stmt2 with decimals as text", "3.4.0.1", "stmt_version=2", false},
    {"first version of an old server", "3.2.2.0", "metrics=0", true},
    {"an old gateway's endpoint for statements", "3.0.5.1", "metrics=0", true},
};
enum { STMT_FORMS = sizeof stmt_forms / sizeof stmt_forms[0] };

/* Whether it supports only inserts. */
static inline bool stmt_form_inserts(const stmt_form_t* form) {
  return strcmp(form->version, "3.0.5.1") == 0;
}

static const char other_forms[] = "statements in other ways than stmt2";

/* With another server only one form is tested: the second version if the server has it. */
static inline size_t stmt_form_of_server(const it_t* it) {
  return it_can(it, IT_STATEMENTS_2) ? 0 : 1;
}

/* Runs the bundled server in the version of the form. Another server is used as it is, with the
 * form of stmt_form_of_server. */
static inline const stmt_form_t* stmt_form_begin(it_t* it, size_t index) {
  it_needs_ws(it, "statements");
  if (it->server == NULL) index = stmt_form_of_server(it);
  const stmt_form_t* form = &stmt_forms[index];
  if (it->server != NULL) {
    it_server_stop(it);
    it_server_start(it, &(ts_config_t) {.version = form->version});
  }
  it_left_out(it, other_forms);
  return form;
}

/* A client with its own database of the given precision. */
static inline taosuv_client_t* stmt_form_client(it_t* it, const stmt_form_t* form,
                                                const char* precision) {
  taosuv_client_t* maker = it_client(it, "");
  const char* db = it_database(it, maker, precision);
  it_close_wait(it, maker);
  return it_client_db(it, db, form->keys);
}

#endif
