/* Status codes: negative ints that do not overlap with libuv's. */
#ifndef TAOSUV_ERROR_H
#define TAOSUV_ERROR_H

#include <uv.h>

#include "version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The class of a status. */
typedef enum {
  TAOSUV_CLASS_NONE = 0,
  TAOSUV_CLASS_INPUT,    /* the caller's argument, state or limit; nothing was sent */
  TAOSUV_CLASS_NETWORK,  /* name look-up, connection, or its loss */
  TAOSUV_CLASS_TLS,      /* handshake or certificate */
  TAOSUV_CLASS_PROTOCOL, /* the peer sent something that no taosAdapter sends */
  TAOSUV_CLASS_SERVER,   /* the server understood and refused */
  TAOSUV_CLASS_TIMEOUT   /* a time limit of the caller or of the client */
} taosuv_err_class_t;

/* Flags of a status (taosuv_err_flags) and of one request's failure (its err_flags field). */
enum {
  /* The same call may succeed later. */
  TAOSUV_ERR_RETRYABLE = 1,
  /* The request may have reached the server and have been executed, now or later. */
  TAOSUV_ERR_MAYBE_EXECUTED = 2
};

/* taosuv's own codes. The last three digits 100 to 112 are the numbers that TDengine's Node.js
 * connector uses for the same errors. Where libuv has a code (UV_ECONNREFUSED, UV_ENOMEM, …), that
 * code is used.
 *
 * XX(name, value, text, class, flags) */
#define TAOSUV_ERRNO_MAP(XX)                                                                       \
  XX(EINVAL, -20100, "invalid argument", INPUT, 0)                                                 \
  XX(EURL, -20101, "invalid URL", INPUT, 0)                                                        \
  XX(EPROTO, -20103, "unexpected or malformed message from the server", PROTOCOL,                  \
     TAOSUV_ERR_MAYBE_EXECUTED)                                                                    \
  XX(EUPGRADE, -20104, "the WebSocket upgrade was refused", NETWORK, 0)                            \
  XX(ETIMEDOUT, -20105, "no answer within the time limit; it may have been executed", TIMEOUT,     \
     TAOSUV_ERR_MAYBE_EXECUTED)                                                                    \
  XX(EAUTH, -20106, "the server refused the credentials", SERVER, 0)                               \
  XX(ETYPE, -20107, "this data type does not fit here", INPUT, 0)                                  \
  XX(ECONNLOST, -20108, "the connection was lost", NETWORK, TAOSUV_ERR_RETRYABLE)                  \
  XX(EBLOCK, -20109, "malformed data block", PROTOCOL, 0)                                          \
  XX(EAGAIN, -20110, "too many requests are queued; wait for the drain callback", INPUT,           \
     TAOSUV_ERR_RETRYABLE)                                                                         \
  XX(EVERSION, -20112, "the server's version does not support this", SERVER, 0)                    \
  XX(ESERVER, -20120, "the server answered with an error", SERVER, 0)                              \
  XX(EWS, -20121, "the peer broke the WebSocket protocol", PROTOCOL, TAOSUV_ERR_MAYBE_EXECUTED)    \
  XX(EHTTP, -20122, "the answer is not valid HTTP", PROTOCOL, 0)                                   \
  XX(EREDIRECT, -20123, "the server redirects elsewhere; redirects are not followed", NETWORK, 0)  \
  XX(ENOENDPOINT, -20124, "no such endpoint: not a taosAdapter, or it is too old", NETWORK, 0)     \
  XX(EUNAVAIL, -20125, "the server is overloaded or out of service", NETWORK,                      \
     TAOSUV_ERR_RETRYABLE)                                                                         \
  XX(EMSGSIZE, -20126, "message larger than max_message_size", INPUT, 0)                           \
  XX(ECLOSED, -20127, "the client, result or handle is closed", INPUT, 0)                          \
  XX(EBUSY, -20128, "the request or the result is in use", INPUT, 0)                               \
  XX(EREQID, -20129, "this req_id is already in flight", INPUT, 0)                                 \
  XX(EUNSENT, -20130, "timed out before it was sent; it was not executed", TIMEOUT,                \
     TAOSUV_ERR_RETRYABLE)                                                                         \
  XX(EDNS, -20131, "the host name was not found", NETWORK, TAOSUV_ERR_RETRYABLE)                   \
  XX(ECONNTIMEOUT, -20132, "no connection within connect_timeout", TIMEOUT, TAOSUV_ERR_RETRYABLE)  \
  XX(ESCHEMA, -20133, "the table has changed; prepare the statement again", SERVER, 0)             \
  XX(ESTATE, -20134, "not possible in this state: subscribe first, or wait, or stop", INPUT, 0)    \
  XX(ETLS, -20140, "the TLS connection failed", TLS, 0)                                            \
  XX(ETLSEXPIRED, -20141, "the server's certificate has expired", TLS, 0)                          \
  XX(ETLSNOTYET, -20142, "the server's certificate is not valid yet", TLS, 0)                      \
  XX(ETLSHOST, -20143, "the server's certificate is for another host", TLS, 0)                     \
  XX(ETLSUNTRUSTED, -20144, "the server's certificate was not issued by a trusted CA", TLS, 0)     \
  XX(ETLSSELFSIGNED, -20145, "the server's certificate is self-signed", TLS, 0)                    \
  XX(ETLSCERT, -20146, "the server's certificate is not acceptable", TLS, 0)                       \
  XX(ETLSREFUSED, -20147, "the server refused the TLS connection", TLS, 0)                         \
  XX(ETLSVERSION, -20148, "no TLS version that both sides allow", TLS, 0)                          \
  XX(ETLSPIN, -20149, "the server's public key does not match tls_pin", TLS, 0)                    \
  XX(ETLSEOF, -20150, "the connection ended without TLS's close_notify: data may be missing", TLS, \
     TAOSUV_ERR_RETRYABLE)                                                                         \
  XX(ETLSFILE, -20151, "a CA, certificate or key given for TLS cannot be used", INPUT, 0)

typedef enum {
#define XX(name, value, text, class_, flags) TAOSUV_##name = value,
  TAOSUV_ERRNO_MAP(XX)
#undef XX
  /* libuv's codes under taosuv's name, where the API documents them. */
  TAOSUV_ECANCELED = UV_ECANCELED, /* by taosuv_cancel, taosuv_close or taosuv_result_close */
  TAOSUV_ENOTSUP = UV_ENOTSUP,     /* not supported by this transport, build or server */
  TAOSUV_ENOMEM = UV_ENOMEM,       /* the client's allocator returned NULL */
  TAOSUV_ERANGE = UV_ERANGE,       /* a cell's value does not fit the type that was asked for */
#ifdef UV__ENODATA
  TAOSUV_ENODATA = UV_ENODATA /* a cell is NULL; libuv has this code since 1.45 */
#else
  TAOSUV_ENODATA = -ENODATA
#endif
} taosuv_errno_t;

/* The text of a status, including libuv's; never NULL, also for unknown codes. Static memory. */
TAOSUV_EXTERN const char* taosuv_strerror(int status);

/* The name of a status: "TAOSUV_ECONNLOST", "UV_ECONNREFUSED"; "UNKNOWN" if the status is
 * unknown. */
TAOSUV_EXTERN const char* taosuv_err_name(int status);

/* The class of a status; TAOSUV_CLASS_NONE for 0 and for unknown codes. libuv's codes are NETWORK,
 * except ECANCELED, ENOMEM, EINVAL, ENOTSUP and similar ones, which are INPUT. */
TAOSUV_EXTERN taosuv_err_class_t taosuv_err_class(int status);

/* TAOSUV_ERR_… flags that always hold for a status. A request's own err_flags field is more exact:
 * it takes into account whether the request was sent. */
TAOSUV_EXTERN unsigned int taosuv_err_flags(int status);

#ifdef __cplusplus
}
#endif

#endif
