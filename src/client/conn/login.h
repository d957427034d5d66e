/* The log-in of a connection. */
#ifndef TUV_CLIENT_CONN_LOGIN_H
#define TUV_CLIENT_CONN_LOGIN_H

#include "client/conn/conn.h"

void tuv_login_begin(tuv_conn_t* conn);
/* The server's version is known: false when it is too old, and the connection has failed. */
bool tuv_login_take_version(tuv_conn_t* conn, const char* text);
bool tuv_is_auth_code(int code); /* of the database: the credentials are wrong */

void tuv_rest_forget(tuv_conns_t* conns); /* the credentials */

#endif
