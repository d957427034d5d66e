/* Rules that a test has added: kept, matched, counted. */
#include <stdlib.h>
#include <string.h>

#include "session/request.h"
#include "session/rules.h"

static char* copy_or_null(const char* text) {
  return text != NULL ? ts_strdup(text, strlen(text)) : NULL;
}

uint32_t ts_server_add_rule(ts_server_t* server, const ts_rule_t* rule) {
  ts_rule_entry_t* entry = ts_calloc(1, sizeof *entry);
  entry->refs = 1;
  entry->number = server->next_rule++;
  entry->rule = *rule;
  entry->rule.action = copy_or_null(rule->action);
  entry->rule.sql = copy_or_null(rule->sql);
  entry->rule.text = copy_or_null(rule->text);
  entry->rule.data = ts_strdup(rule->data, rule->size);
  entry->rule.find = rule->find != NULL ? ts_strdup(rule->find, rule->size) : NULL;
  if (rule->result != NULL) ts_result_ref(rule->result);
  ts_rule_entry_t** end = &server->rules;
  while (*end != NULL) end = &(*end)->next;
  *end = entry;
  return entry->number;
}

static void free_const(const void* memory) {
  free((void*) (uintptr_t) memory);
}

void ts_rule_unref(ts_rule_entry_t* entry) {
  if (entry == NULL || --entry->refs > 0) return;
  free_const(entry->rule.action);
  free_const(entry->rule.sql);
  free_const(entry->rule.text);
  free_const(entry->rule.data);
  free_const(entry->rule.find);
  ts_result_unref(entry->rule.result);
  free(entry);
}

uint64_t ts_server_rule_hits(const ts_server_t* server, uint32_t rule) {
  for (const ts_rule_entry_t* entry = server->rules; entry != NULL; entry = entry->next)
    if (entry->number == rule) return entry->hits;
  return 0;
}

void ts_server_remove_rule(ts_server_t* server, uint32_t rule) {
  for (ts_rule_entry_t** at = &server->rules; *at != NULL;) {
    ts_rule_entry_t* entry = *at;
    if (rule != 0 && entry->number != rule) {
      at = &entry->next;
      continue;
    }
    *at = entry->next;
    ts_rule_unref(entry);
  }
}

static bool contains(const char* text, size_t size, const char* part) {
  size_t length = strlen(part);
  for (size_t at = 0; at + length <= size; at++)
    if (memcmp(text + at, part, length) == 0) return true;
  return false;
}

static bool matches(const ts_rule_t* rule, const ts_request_t* request) {
  if (rule->action != NULL && strcmp(rule->action, request->action) != 0) return false;
  return rule->sql == NULL ||
         (request->sql != NULL && contains(request->sql, request->sql_size, rule->sql));
}

ts_rule_entry_t* ts_rule_find(ts_server_t* server, const ts_request_t* request) {
  for (ts_rule_entry_t* entry = server->rules; entry != NULL; entry = entry->next) {
    const ts_rule_t* rule = &entry->rule;
    if (rule->times > 0 && entry->hits >= rule->times) continue; /* used up */
    if (!matches(rule, request)) continue;
    if (entry->skipped < rule->skip) {
      entry->skipped++;
      continue;
    }
    entry->hits++;
    entry->refs++;
    return entry;
  }
  return NULL;
}
