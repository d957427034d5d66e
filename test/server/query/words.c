/* The words that TDengine reserves: as names they must be in backquotes. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "query/lex.h"

/* Sorted; those of TDengine 3.3.6.0. Not among them are tbname, which is a column, and what is
 * called with or without parentheses: now, today. */
/* clang-format off */
static const char* const reserved[] = {
    "abort", "account", "accounts", "add", "after", "aggregate", "alias", "alive", "all", "alter",
    "analyze", "and", "anode", "anodes", "anomaly_window", "anti", "apps", "arbgroups", "arrow",
    "as", "asc", "asof", "assign", "async", "at_once", "attach", "auto", "balance", "before",
    "begin", "between", "bigint", "bin", "binary", "bitand", "bitnot", "bitor", "blob", "blocks",
    "bnode", "bnodes", "bool", "both", "buffer", "bufsize", "bwlimit", "by", "cache", "cachemodel",
    "cachesize", "case", "cast", "change", "child", "client_version", "cluster", "colon", "cols",
    "column", "comma", "comment", "comp", "compact", "compact_interval", "compact_time_offset",
    "compact_time_range", "compacts", "concat", "conflict", "connection", "connections", "conns",
    "consumer", "consumers", "contains", "continuous_window_close", "copy", "count", "count_window",
    "create", "createdb", "current_user", "database", "databases", "dbs", "decimal", "deferred",
    "delete", "delete_mark", "delimiters", "desc", "describe", "detach", "disk_info", "distinct",
    "distributed", "divide", "dnode", "dnodes", "dot", "double", "drop", "duration", "each", "else",
    "enable", "encrypt_algorithm", "encrypt_key", "encryptions", "end", "eq", "event_window",
    "every", "except", "exists", "expired", "explain", "fail", "fhigh", "file", "fill",
    "fill_history", "first", "float", "flow", "flush", "for", "force", "force_window_close", "from",
    "frowts", "full", "function", "functions", "ge", "geometry", "glob", "grant", "grants", "group",
    "gt", "having", "hex", "host", "id", "if", "ignore", "illegal", "immediate", "import", "in",
    "index", "indexes", "initially", "inner", "insert", "instead", "int", "integer", "intersect",
    "interval", "into", "iptoken", "irowts", "irowts_origin", "is", "is_import", "isfilled",
    "isnull", "jlimit", "join", "json", "keep", "keep_time_offset", "key", "kill", "language",
    "last", "last_row", "le", "leader", "leading", "left", "licences", "like", "limit", "linear",
    "local", "logs", "lp", "lshift", "lt", "machines", "match", "max_delay", "maxrows",
    "mediumblob", "merge", "meta", "meta_only", "minrows", "minus", "mnode", "mnodes", "modify",
    "modules", "nchar", "ne", "next", "nmatch", "none", "normal", "not", "notify", "notify_history",
    "notnull", "null", "null_f", "nulls", "of", "offset", "on", "on_failure", "only", "or", "order",
    "outer", "outputtype", "pages", "pagesize", "partition", "pass", "pause", "pi", "plus", "port",
    "position", "pps", "precision", "prev", "primary", "privilege", "privileges", "qduration",
    "qend", "qnode", "qnodes", "qstart", "qtags", "qtime", "queries", "query", "question", "raise",
    "rand", "range", "ratio", "read", "recursive", "redistribute", "regexp", "rem", "replace",
    "replica", "reset", "restore", "restrict", "resume", "retentions", "revoke", "right", "rollup",
    "row", "rowts", "rp", "rshift", "schemaless", "scores", "select", "semi", "server_status",
    "server_version", "session", "set", "show", "single_stable", "slash", "sliding", "slimit",
    "sma", "smallint", "smigrate", "snode", "snodes", "soffset", "split", "stable", "stables",
    "star", "start", "state", "state_window", "statement", "storage", "stream", "streams", "strict",
    "string", "stt_trigger", "subscribe", "subscriptions", "substr", "substring", "subtable",
    "sysinfo", "system", "table", "table_prefix", "table_suffix", "tables", "tag", "tags", "then",
    "times", "timestamp", "timezone", "tinyint", "to", "topic", "topics", "trailing", "transaction",
    "transactions", "trigger", "trim", "true_for", "tsdb_pagesize", "tseries", "tsma", "tsmas",
    "ttl", "union", "unsafe", "unsigned", "untreated", "update", "use", "user", "users", "using",
    "value", "value_f", "values", "varbinary", "varchar", "variable", "variables", "verbose",
    "vgroup", "vgroups", "view", "views", "vnode", "vnodes", "wal", "wal_fsync_period", "wal_level",
    "wal_retention_period", "wal_retention_size", "wal_roll_period", "wal_segment_size",
    "watermark", "wduration", "wend", "when", "where", "window", "window_close", "window_offset",
    "with", "write", "wstart",
};
/* clang-format on */

typedef struct word_s {
  const char* at;
  size_t size;
} word_t;

static int compare(const void* key, const void* entry) {
  const word_t* word = key;
  const char* text = *(const char* const*) entry;
  int order = strncasecmp(word->at, text, word->size);
  return order != 0 ? order : text[word->size] == '\0' ? 0 : -1;
}

bool ts_word_is_reserved(const char* at, size_t size) {
  return bsearch(&(word_t) {at, size}, reserved, sizeof reserved / sizeof *reserved,
                 sizeof *reserved, compare) != NULL;
}
