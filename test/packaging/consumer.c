/* What somebody else's program does with taosuv: the packaging tests build it in several ways. */
#include <stdio.h>
#include <string.h>
#include <taosuv.h>

static int closed;

static void on_close(void* data) {
  (void) data;
  closed++;
}

int main(void) {
  char message[128];
  taosuv_client_t* client = NULL;
  uv_loop_t* loop = uv_default_loop();
  if (taosuv_version() != TAOSUV_VERSION_HEX) return 1;
  if (strcmp(taosuv_err_name(UV_ECONNREFUSED), "UV_ECONNREFUSED") != 0) return 2;
  if (taosuv_url_check("nonsense", TAOSUV_NUL_TERMINATED, message, sizeof message) == 0) return 3;
  if (taosuv_client_create(loop, "ws://root:taosdata@127.0.0.1:1", &client) != 0) return 4;
  taosuv_close(client, on_close);
  uv_run(loop, UV_RUN_DEFAULT);
  if (closed != 1 || uv_loop_close(loop) != 0) return 5;
  printf("taosuv %s\n", taosuv_version_string());
  return 0;
}
