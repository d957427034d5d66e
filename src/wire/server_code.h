/* Error codes in the replies of servers, as far as the library acts on them: the low 16 bits, which
 * are all that gateways report (PROTOCOL 10.1, 10.3). What is done about a code is decided where it
 * arrives; client/core/server_code.h says which of them are worth another attempt. */
#ifndef TUV_WIRE_SERVER_CODE_H
#define TUV_WIRE_SERVER_CODE_H

/* XX(NAME, code, meaning) */
#define TUV_SERVER_CODE_MAP(XX)                                                                    \
  /* connections and nodes */                                                                      \
  XX(AUTH_FAILURE, 0x0003, "authentication failure")                                               \
  XX(CANNOT_CONNECT, 0x000B, "unable to establish connection")                                     \
  XX(CONNECTION_BROKEN, 0x0018, "connection is broken")                                            \
  XX(READ_TIMEOUT, 0x0019, "connection read timeout")                                              \
  XX(NODE_NOT_CONNECTED, 0x0020, "some node is not connected")                                     \
  XX(LINK_BROKEN, 0x0021, "broken link")                                                           \
  XX(TOO_MANY_SESSIONS, 0x0022, "too many sessions")                                               \
  XX(NETWORK_ERROR, 0x0023, "network error")                                                       \
  XX(NETWORK_BUSY, 0x0024, "network busy")                                                         \
  /* common */                                                                                     \
  XX(OUT_OF_MEMORY, 0x0102, "out of memory")                                                       \
  XX(GENERIC, 0x0110, "generic error")                                                             \
  XX(INVALID_MESSAGE, 0x0115, "invalid message")                                                   \
  XX(RETRY_NEEDED, 0x0125, "retry needed")                                                         \
  XX(OPERATION_TIMEOUT, 0x012C, "operation timeout")                                               \
  XX(STARTING_UP, 0x0130, "the database is starting up")                                           \
  XX(CLOSING_DOWN, 0x0131, "the database is closing down")                                         \
  /* the gateway's client library */                                                               \
  XX(CLIENT_NO_DATABASE, 0x0217, "database not specified")                                         \
  XX(STMT_API_USAGE, 0x022A, "stmt API usage error")                                               \
  /* users, databases and tables, as the management node knows them */                             \
  XX(NO_PRIVILEGE, 0x0303, "insufficient privilege")                                               \
  XX(VGROUP_NOT_EXIST, 0x0332, "vgroup does not exist")                                            \
  XX(USER_NOT_EXIST, 0x0350, "user does not exist")                                                \
  XX(INVALID_USER, 0x0351, "invalid user")                                                         \
  XX(WRONG_PASSWORD, 0x0357, "authentication failure")                                             \
  XX(STABLE_NOT_EXIST, 0x0362, "table does not exist")                                             \
  XX(NO_DATABASE, 0x0380, "database not specified")                                                \
  XX(DATABASE_NOT_EXIST, 0x0388, "database does not exist")                                        \
  XX(SCHEMA_VERSION, 0x03C6, "invalid schema version")                                             \
  XX(OTHER_STABLE, 0x03C7, "the super table is another one")                                       \
  XX(CONSUMER_NOT_EXIST, 0x03E6, "consumer does not exist")                                        \
  /* vnodes and their storage */                                                                   \
  XX(INVALID_VGROUP, 0x0503, "invalid vgroup")                                                     \
  XX(VNODE_NOT_EXIST, 0x0520, "vnode does not exist")                                              \
  XX(WRONG_VGROUP, 0x0522, "the table is not of this vgroup")                                      \
  XX(INVALID_TABLE_ID, 0x0600, "invalid table id")                                                 \
  XX(TABLE_SCHEMA_VERSION, 0x0602, "invalid schema version of a table")                            \
  XX(TAGS_OUT_OF_DATE, 0x060A, "tags are out of date")                                             \
  XX(TABLE_RECONFIGURE, 0x0611, "the table is to be configured anew")                              \
  XX(TABLE_NOT_EXIST, 0x0618, "table does not exist in its vnode")                                 \
  XX(VNODE_STABLE_NOT_EXIST, 0x061A, "super table does not exist in its vnode")                    \
  XX(TABLE_SCHEMA_OLD, 0x061B, "the table's schema is old")                                        \
  XX(TABLE_OF_OTHER_STABLE, 0x061D, "the table is in another super table")                         \
  XX(OTHER_DATABASE, 0x061E, "the database is another one")                                        \
  /* HTTP log-in of the gateway (PROTOCOL 9.1) */                                                  \
  XX(HTTP_NO_AUTH, 0x1105, "no auth info input")                                                   \
  XX(HTTP_TOKEN, 0x110A, "generate taosd token error")                                             \
  XX(HTTP_AUTH_TYPE, 0x1122, "unknown authorization type")                                         \
  XX(HTTP_BASIC, 0x1124, "invalid basic Authorization")                                            \
  XX(HTTP_TAOSD, 0x1125, "invalid taosd Authorization")                                            \
  /* the parser */                                                                                 \
  XX(SYNTAX_ERROR, 0x2600, "syntax error")                                                         \
  XX(PARSER_TABLE_NOT_EXIST, 0x2603, "table does not exist")                                       \
  XX(NUMBER_OF_TAGS, 0x260C, "wrong number of tags")                                               \
  XX(PARSER_NO_DATABASE, 0x2616, "database not specified")                                         \
  /* consumers (PROTOCOL 7.6) */                                                                   \
  XX(CONSUMER_MISMATCH, 0x4001, "consumer mismatch")                                               \
  XX(CONSUMER_CLOSED, 0x4002, "consumer closed")                                                   \
  XX(CONSUMER_ERROR, 0x4003, "consumer error")                                                     \
  XX(FOREIGN_VGROUP, 0x4008, "the vgroup does not belong to this consumer")                        \
  XX(FOREIGN_TOPIC, 0x4009, "the topic does not belong to this consumer")                          \
  XX(SAME_COMMITTED, 0x4012, "this offset is committed already")                                   \
  XX(CONSUMER_STATUS, 0x4017, "invalid consumer status")                                           \
  /* the gateway itself */                                                                         \
  XX(QUERY_LIMIT, 0xFFFE, "the limit of concurrent queries is reached")                            \
  XX(GATEWAY, 0xFFFF, "an error of the gateway itself, described by its text")

enum {
#define XX(name, code, meaning) TUV_CODE_##name = (code),
  TUV_SERVER_CODE_MAP(XX)
#undef XX
};

#endif
