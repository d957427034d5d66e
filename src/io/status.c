/* What a status means: its name, text, class and flags, from the tables of taosuv and libuv. */
#include "taosuv/error.h"
#include "wire/status.h"

#include <stddef.h>

/* wire/ has its own copy of the codes, because it must not see libuv. */
#define SAME(name)                                                                                 \
  _Static_assert((int) TUV_##name == (int) TAOSUV_##name, "status.h and error.h differ: " #name)
SAME(EINVAL);
SAME(EURL);
SAME(EPROTO);
SAME(EUPGRADE);
SAME(EAUTH);
SAME(ETYPE);
SAME(EBLOCK);
SAME(EVERSION);
SAME(ESERVER);
SAME(EWS);
SAME(EHTTP);
SAME(EREDIRECT);
SAME(ENOENDPOINT);
SAME(EUNAVAIL);
SAME(EMSGSIZE);
SAME(ENOMEM);
SAME(ERANGE);
SAME(ENODATA);
SAME(ENOTSUP);
#undef SAME

typedef struct {
  int status;
  const char* name;
  const char* text;
  taosuv_err_class_t class_;
  unsigned int flags;
} entry_t;

/* uv_strerror and uv_err_name allocate (and leak) for codes that they do not know, and libuv's
 * table grows with its versions: so its table is read here, where unknown codes are known. */
static const entry_t entries[] = {
#define XX(name, value, text, class_, flags)                                                       \
  {value, "TAOSUV_" #name, text, TAOSUV_CLASS_##class_, flags},
    TAOSUV_ERRNO_MAP(XX)
#undef XX
#define XX(name, text) {UV_##name, "UV_" #name, text, TAOSUV_CLASS_NETWORK, 0},
        UV_ERRNO_MAP(XX)
#undef XX
#ifndef UV__ENODATA
            {TAOSUV_ENODATA, "UV_ENODATA", "no data available", TAOSUV_CLASS_INPUT, 0},
#endif
    {0, "OK", "success", TAOSUV_CLASS_NONE, 0}};

static const entry_t* find(int status) {
  for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
    if (entries[i].status == status) return &entries[i];
  return NULL;
}

/* libuv's codes that tell of an argument, a state or a limit on this side of the network. */
static int is_local(int status) {
  switch (status) {
    case UV_E2BIG:
    case UV_EACCES:
    case UV_EBADF:
    case UV_EBUSY:
    case UV_ECANCELED:
    case UV_EFAULT:
    case UV_EILSEQ:
    case UV_EINVAL:
    case UV_EMFILE:
    case UV_ENAMETOOLONG:
    case UV_ENFILE:
    case UV_ENOBUFS:
    case UV_ENOMEM:
    case UV_ENOSYS:
    case UV_ENOTSUP:
    case UV_EOVERFLOW:
    case UV_EPERM:
    case UV_ERANGE:
    case TAOSUV_ENODATA: return 1;
    default: return 0;
  }
}

const char* taosuv_strerror(int status) {
  const entry_t* entry = find(status);
  return entry != NULL ? entry->text : "unknown status";
}

const char* taosuv_err_name(int status) {
  const entry_t* entry = find(status);
  return entry != NULL ? entry->name : "UNKNOWN";
}

taosuv_err_class_t taosuv_err_class(int status) {
  const entry_t* entry = find(status);
  if (entry == NULL) return TAOSUV_CLASS_NONE;
  return is_local(status) ? TAOSUV_CLASS_INPUT : entry->class_;
}

unsigned int taosuv_err_flags(int status) {
  const entry_t* entry = find(status);
  return entry != NULL ? entry->flags : 0;
}
