/* The log-in of a connection over WebSocket, and what both log-ins share. */
#ifndef TUV_CLIENT_CONN_LOGIN_H
#define TUV_CLIENT_CONN_LOGIN_H

#include "client/conn/conn.h"

void tuv_login_begin(tuv_conn_t* conn);
/* The server's version is known. Returns false when it is too old: the connection has failed. */
bool tuv_login_take_version(tuv_conn_t* conn, const char* text);
/* Whether a code of the database says that the credentials are wrong. */
bool tuv_is_auth_code(int code);

void tuv_rest_forget(tuv_conns_t* conns); /* wipes and frees the credentials */

#endif
