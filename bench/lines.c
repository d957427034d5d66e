/* The workload lines of taosuv-bench: the setup for its requests. */
#include "lines.h"

#include <stdio.h>
#include <string.h>

#include "lines_text.h"
#include "taosuv.h"

static void on_created(taosuv_exec_t* exec, int status) {
  if (status < 0) fprintf(stderr, "taosuv-bench: " BENCH_LINES_CREATE ": %s\n", exec->message);
  taosuv_close(exec->data, NULL);
}

int bench_lines_prepare(uv_loop_t* loop, const char* url) {
  taosuv_client_t* client;
  taosuv_exec_t exec;
  memset(&exec, 0, sizeof exec);
  int status = taosuv_client_create(loop, url, &client);
  if (status == 0) {
    exec.data = client;
    status = taosuv_exec(client, &exec, BENCH_LINES_CREATE, TAOSUV_NUL_TERMINATED, on_created);
    if (status < 0) taosuv_close(client, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
  }
  if (status < 0) fprintf(stderr, "taosuv-bench: %s\n", taosuv_strerror(status));
  return status < 0 || exec.status < 0 ? -1 : 0;
}
