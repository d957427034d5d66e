/* taosuv-testserver: the development server as a program. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testserver.h"

#ifdef TUV_HAVE_TLS
#include "certs.h"
#endif

typedef struct program_s {
  ts_server_t* server;
  uv_signal_t interrupt;
  uv_signal_t terminate;
  bool stopping;
} program_t;

static void on_signal(uv_signal_t* handle, int number) {
  program_t* program = handle->data;
  (void) number;
  if (program->stopping) return;
  program->stopping = true;
  ts_server_close(program->server, NULL, NULL);
  uv_close((uv_handle_t*) &program->interrupt, NULL);
  uv_close((uv_handle_t*) &program->terminate, NULL);
}

/* A signal that is ignored when the program begins stays so, as by SIGINT in a script's background:
 * Ctrl-C then ends what the script runs in front, while the server is still there for its last
 * words. */
static void watch(uv_loop_t* loop, program_t* program, uv_signal_t* handle, int number) {
  struct sigaction action;
  bool ignored = sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
  uv_signal_init(loop, handle);
  handle->data = program;
  if (!ignored) uv_signal_start(handle, on_signal, number);
}

static int usage(const char* name) {
  fprintf(stderr,
          "usage: %s [--port N] [--version V] [--compression] [--quiet]\n"
          "       [--instance HOST:PORT]...\n"
          "       [--tls-cert FILE --tls-key FILE [--tls-client-ca FILE] | --tls-make FILE]\n",
          name);
  return 2;
}

/* One gateway more for list_instances. */
static bool add_instance(const char* text, ts_config_t* config) {
  static char list[1024];
  size_t used = strlen(list);
  int size = snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? "," : "", text);
  config->instances = list;
  return size > 0 && (size_t) size < sizeof list - used;
}

static bool read_port(const char* text, int* port) {
  char* end;
  long value = strtol(text, &end, 10);
  if (end == text || *end != '\0' || value < 0 || value > 65535) return false;
  *port = (int) value;
  return true;
}

static bool read_file(const char* name, char* text, size_t size) {
  FILE* file = fopen(name, "rb");
  size_t length = file != NULL ? fread(text, 1, size - 1, file) : 0;
  if (file != NULL) fclose(file);
  text[length] = '\0';
  if (length == 0 || length == size - 1) fprintf(stderr, "%s cannot be read\n", name);
  return length > 0 && length < size - 1;
}

/* One of the --tls- options: the text of a file. */
static bool read_tls_arg(const char* name, const char* value, ts_tls_options_t* tls) {
  static char texts[3][32768];
  const char** const fields[] = {&tls->certificate, &tls->key, &tls->client_ca};
  static const char* const names[] = {"--tls-cert", "--tls-key", "--tls-client-ca"};
  for (size_t i = 0; i < 3; i++) {
    if (strcmp(name, names[i]) != 0) continue;
    *fields[i] = texts[i];
    return read_file(value, texts[i], sizeof texts[i]);
  }
  return false;
}

#ifdef TUV_HAVE_TLS
static cert_t *made_ca, *made;
#endif

static void free_certificate(void) {
#ifdef TUV_HAVE_TLS
  cert_free(made);
  cert_free(made_ca);
#endif
}

/* A CA and a certificate of this run's own; the CA's goes to a file, for clients. */
static bool make_certificate(const char* file, ts_tls_options_t* tls) {
#ifdef TUV_HAVE_TLS
  free_certificate(); /* when told twice */
  made_ca = cert_new(&(cert_spec_t) {.name = "taosuv-testserver CA", .ca = true});
  made = cert_new(&(cert_spec_t) {
      .name = "taosuv-testserver", .issuer = made_ca, .dns = {"localhost"}, .ip = {"127.0.0.1"}});
  tls->certificate = made->chain;
  tls->key = made->key;
  FILE* out = fopen(file, "wb");
  bool ok = out != NULL && fputs(made_ca->pem, out) >= 0;
  if (out != NULL && fclose(out) != 0) ok = false;
  if (!ok) fprintf(stderr, "%s cannot be written\n", file);
  return ok;
#else
  (void) tls;
  fprintf(stderr, "%s: built without TLS\n", file);
  return false;
#endif
}

static bool read_args(int argc, char** argv, ts_config_t* config, ts_tls_options_t* tls,
                      bool* quiet) {
  for (int i = 1; i < argc; i++) {
    bool has_value = i + 1 < argc;
    if (strcmp(argv[i], "--quiet") == 0) {
      *quiet = true;
    } else if (strcmp(argv[i], "--compression") == 0) {
      config->compression = true;
    } else if (strcmp(argv[i], "--port") == 0 && has_value) {
      if (!read_port(argv[++i], &config->port)) return false;
    } else if (strcmp(argv[i], "--version") == 0 && has_value) {
      config->version = argv[++i];
    } else if (strcmp(argv[i], "--tls-make") == 0 && has_value) {
      if (!make_certificate(argv[++i], tls)) return false;
      config->tls = tls;
    } else if (strcmp(argv[i], "--instance") == 0 && has_value) {
      if (!add_instance(argv[++i], config)) return false;
    } else if (!has_value || !read_tls_arg(argv[i], argv[i + 1], tls)) {
      return false;
    } else {
      config->tls = tls;
      i++;
    }
  }
  return config->tls == NULL || (tls->certificate != NULL && tls->key != NULL);
}

int main(int argc, char** argv) {
  ts_config_t config = {.port = 6041};
  ts_tls_options_t tls = {0};
  program_t program = {0};
  bool quiet = false;
  uv_loop_t loop;
  if (!read_args(argc, argv, &config, &tls, &quiet)) return usage(argv[0]);
  uv_loop_init(&loop);
  int status = ts_server_create(&loop, &config, &program.server);
  if (status != 0) {
    fprintf(stderr, "%s: cannot listen on port %d: %s\n", argv[0], config.port,
            uv_strerror(status));
  } else {
    watch(&loop, &program, &program.interrupt, SIGINT);
    watch(&loop, &program, &program.terminate, SIGTERM);
    puts(ts_server_url(program.server));
    fflush(stdout);
    if (!quiet) fprintf(stderr, "stop it with Ctrl-C; its data ends with it\n");
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
  free_certificate();
  return status != 0;
}
