/* How a request or a result failed. */
#ifndef TUV_CLIENT_CORE_FAILURE_H
#define TUV_CLIENT_CORE_FAILURE_H

/* A server's text that is not NUL-terminated is copied, and cut to this size. */
#define TUV_SERVER_TEXT_SIZE 512u

/* How a request or a result failed. The texts live as long as the call that passes this. */
typedef struct tuv_failure_s {
  int status;
  unsigned int flags; /* TAOSUV_ERR_… */
  int server_code;
  const char* message;
  const char* host;
} tuv_failure_t;

#endif
