/* Errors of the database as the client sees them: a code and a text. */
#ifndef TS_BASE_ERROR_H
#define TS_BASE_ERROR_H

typedef struct ts_error_s {
  int code;
  char text[512];
} ts_error_t;

/* Writes the error and returns its code. */
int ts_error(ts_error_t* error, int code, const char* format, ...)
    __attribute__((format(printf, 3, 4)));
/* Code 256: valid SQL of TDengine that this server does not do. */
int ts_unsupported(ts_error_t* error, const char* what);

enum {
  TS_E_UNSUPPORTED = 256,
  TS_E_PARAMETERS = 280,
  TS_E_MISMATCH = 512,
  TS_E_INSERT = 534,
  TS_E_STMT_USAGE = 554,
  TS_E_STMT_TABLE = 555,
  TS_E_USER = 849,
  TS_E_PASSWORD = 855,
  TS_E_TABLE_EXISTS = 864,
  TS_E_NO_STABLE = 866,
  TS_E_DB_EXISTS = 897,
  TS_E_NO_DB = 904,
  TS_E_TOPIC_EXISTS = 992,
  TS_E_NO_TOPIC = 993,
  TS_E_TOPIC_QUERY = 996,
  TS_E_NO_CONSUMER = 998,
  TS_E_NO_SUBSCRIPTION = 1000,
  TS_E_TOPIC_SUBSCRIBED = 1003,
  TS_E_GROUP_USED = 1004,
  TS_E_TOPIC_FIRST = 1005,
  TS_E_NO_COMMITTED = 2573,
  TS_E_TMQ_MISMATCH = 16385,
  TS_E_TMQ_RANGE = 16391,
  TS_E_TMQ_VGROUP = 16392,
  TS_E_TMQ_TOPIC = 16393,
  TS_E_TMQ_UNPOLLED = 16400,
  TS_E_CONFIG = 65534,
  TS_E_INTERNAL = 65535,
  TS_E_SYNTAX = 9728,
  TS_E_INCOMPLETE = 9729,
  TS_E_COLUMN = 9730,
  TS_E_TABLE = 9731,
  TS_E_VALUE_TYPE = 9733,
  TS_E_NOT_SINGLE_GROUP = 9739,
  TS_E_TAGS_NUMBER = 9740,
  TS_E_DB_NOT_SPECIFIED = 9750,
  TS_E_TOO_LONG = 9811
};

#endif
