/* The public status codes without libuv, which wire/ must not include. */
#ifndef TUV_WIRE_STATUS_H
#define TUV_WIRE_STATUS_H

#include <errno.h>

/* Static assertions in src/io/status.c keep them equal to include/taosuv/error.h. */
enum {
  TUV_EINVAL = -20100,
  TUV_EURL = -20101,
  TUV_EPROTO = -20103,
  TUV_EUPGRADE = -20104,
  TUV_EAUTH = -20106,
  TUV_ETYPE = -20107,
  TUV_EBLOCK = -20109,
  TUV_EVERSION = -20112,
  TUV_ESERVER = -20120,
  TUV_EWS = -20121,
  TUV_EHTTP = -20122,
  TUV_EREDIRECT = -20123,
  TUV_ENOENDPOINT = -20124,
  TUV_EUNAVAIL = -20125,
  TUV_EMSGSIZE = -20126,
  TUV_ENOMEM = -ENOMEM,
  TUV_ENOTSUP = -ENOTSUP,
  TUV_ERANGE = -ERANGE,
  TUV_ENODATA = -ENODATA
};

#endif
