/* Certificates for tests, made when they are needed. */
#include "certs.h"

#include <mbedtls/base64.h>
#include <mbedtls/ecp.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/rsa.h>
#include <mbedtls/sha256.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#define RNG mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE

static void require(bool truth, const char* what) {
  if (truth) return;
  fprintf(stderr, "certificates for tests: %s\n", what);
  abort();
}

static void make_key(mbedtls_pk_context* pk, unsigned rsa_bits) {
  mbedtls_pk_type_t type = rsa_bits > 0 ? MBEDTLS_PK_RSA : MBEDTLS_PK_ECKEY;
  mbedtls_pk_init(pk);
  require(mbedtls_pk_setup(pk, mbedtls_pk_info_from_type(type)) == 0, "setup of a key");
  int code = rsa_bits > 0 ? mbedtls_rsa_gen_key(mbedtls_pk_rsa(*pk), RNG, rsa_bits, 65537)
                          : mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*pk), RNG);
  require(code == 0, "a key");
}

static void set_validity(mbedtls_x509write_cert* write, const cert_spec_t* spec) {
  bool usual = spec->from == 0 && spec->to == 0;
  time_t now = time(NULL), days[2] = {usual ? -1 : spec->from, usual ? 30 : spec->to};
  char text[2][16];
  for (int i = 0; i < 2; i++) {
    struct tm tm;
    time_t at = now + days[i] * 86400;
    gmtime_r(&at, &tm);
    strftime(text[i], sizeof text[i], "%Y%m%d%H%M%S", &tm);
  }
  require(mbedtls_x509write_crt_set_validity(write, text[0], text[1]) == 0, "the validity");
}

static void add_name(mbedtls_x509_san_list* list, size_t* count, int type, const void* data,
                     size_t size) {
  mbedtls_x509_san_list* entry = &list[*count];
  union {
    const void* in;
    unsigned char* out;
  } bytes = {data}; /* mbedTLS only reads them */
  memset(entry, 0, sizeof *entry);
  entry->node.type = type;
  entry->node.san.unstructured_name.p = bytes.out;
  entry->node.san.unstructured_name.len = size;
  if (*count > 0) list[*count - 1].next = entry;
  (*count)++;
}

static void set_names(mbedtls_x509write_cert* write, const cert_spec_t* spec) {
  mbedtls_x509_san_list list[6];
  unsigned char addresses[3][16];
  size_t count = 0;
  for (int i = 0; i < 3; i++) {
    if (spec->dns[i] != NULL)
      add_name(list, &count, MBEDTLS_X509_SAN_DNS_NAME, spec->dns[i], strlen(spec->dns[i]));
    if (spec->ip[i] == NULL) continue;
    bool v4 = uv_inet_pton(AF_INET, spec->ip[i], addresses[i]) == 0;
    require(v4 || uv_inet_pton(AF_INET6, spec->ip[i], addresses[i]) == 0, "an address");
    add_name(list, &count, MBEDTLS_X509_SAN_IP_ADDRESS, addresses[i], v4 ? 4 : 16);
  }
  if (count > 0)
    require(mbedtls_x509write_crt_set_subject_alternative_name(write, list) == 0, "the names");
}

static void write_certificate(cert_t* cert, const cert_spec_t* spec) {
  static unsigned char serial = 1;
  mbedtls_x509write_cert write;
  char subject[80], issuer[80];
  const cert_t* signer = spec->issuer != NULL ? spec->issuer : cert;
  snprintf(subject, sizeof subject, "CN=%s", cert->name);
  snprintf(issuer, sizeof issuer, "CN=%s", signer->name);
  mbedtls_x509write_crt_init(&write);
  mbedtls_x509write_crt_set_version(&write, MBEDTLS_X509_CRT_VERSION_3);
  mbedtls_x509write_crt_set_md_alg(&write, spec->sha1 ? MBEDTLS_MD_SHA1 : MBEDTLS_MD_SHA256);
  mbedtls_x509write_crt_set_subject_key(&write, cert->pk);
  mbedtls_x509write_crt_set_issuer_key(&write, signer->pk);
  serial++;
  require(mbedtls_x509write_crt_set_subject_name(&write, subject) == 0, "the subject");
  require(mbedtls_x509write_crt_set_issuer_name(&write, issuer) == 0, "the issuer");
  require(mbedtls_x509write_crt_set_serial_raw(&write, &serial, 1) == 0, "the serial number");
  require(mbedtls_x509write_crt_set_basic_constraints(&write, spec->ca, -1) == 0, "constraints");
  set_validity(&write, spec);
  set_names(&write, spec);
  int code = mbedtls_x509write_crt_pem(&write, (unsigned char*) cert->pem, sizeof cert->pem, RNG);
  require(code == 0, "the certificate");
  mbedtls_x509write_crt_free(&write);
}

static void write_pin(cert_t* cert) {
  unsigned char der[1024], sum[32];
  size_t size;
  int length = mbedtls_pk_write_pubkey_der(cert->pk, der, sizeof der); /* at the end of it */
  require(length > 0, "the public key");
  mbedtls_sha256(der + sizeof der - length, (size_t) length, sum, 0);
  mbedtls_base64_encode((unsigned char*) cert->pin, sizeof cert->pin, &size, sum, sizeof sum);
}

static void write_chain(cert_t* cert) {
  size_t size = 0;
  for (const cert_t* at = cert; at != NULL && (at == cert || at->issuer != NULL); at = at->issuer)
    size += (size_t) snprintf(cert->chain + size, sizeof cert->chain - size, "%s", at->pem);
}

cert_t* cert_new(const cert_spec_t* spec) {
  require(psa_crypto_init() == PSA_SUCCESS, "PSA");
  cert_t* cert = calloc(1, sizeof *cert);
  mbedtls_pk_context* pk = calloc(1, sizeof *pk);
  require(cert != NULL && pk != NULL, "memory");
  cert->pk = pk;
  cert->issuer = spec->issuer;
  snprintf(cert->name, sizeof cert->name, "%s", spec->name);
  make_key(pk, spec->rsa_bits);
  write_certificate(cert, spec);
  int code = mbedtls_pk_write_key_pem(pk, (unsigned char*) cert->key, sizeof cert->key);
  require(code == 0, "the key's text");
  write_pin(cert);
  write_chain(cert);
  return cert;
}

void cert_free(cert_t* cert) {
  if (cert == NULL) return;
  mbedtls_pk_free(cert->pk);
  free(cert->pk);
  free(cert);
}

void cert_folder(char* folder, size_t size) {
  char path[512];
  size_t length = sizeof path;
  uv_fs_t request;
  require(uv_os_tmpdir(path, &length) == 0, "the folder for temporary files");
  require(length + 20 < sizeof path, "its length");
  strcpy(path + length, "/taosuv-tls-XXXXXX");
  require(uv_fs_mkdtemp(NULL, &request, path, NULL) == 0, "a temporary folder");
  require((size_t) snprintf(folder, size, "%s", request.path) < size, "its name");
  uv_fs_req_cleanup(&request);
}

void cert_folder_remove(const char* folder) {
  uv_fs_t list, request;
  uv_dirent_t entry;
  char path[512];
  require(uv_fs_scandir(NULL, &list, folder, 0, NULL) >= 0, "to list the temporary folder");
  while (uv_fs_scandir_next(&list, &entry) != UV_EOF) {
    snprintf(path, sizeof path, "%s/%s", folder, entry.name);
    uv_fs_unlink(NULL, &request, path, NULL);
    uv_fs_req_cleanup(&request);
  }
  uv_fs_req_cleanup(&list);
  uv_fs_rmdir(NULL, &request, folder, NULL);
  uv_fs_req_cleanup(&request);
}

void cert_write(const char* folder, const char* file, const char* text, char* name, size_t size) {
  require((size_t) snprintf(name, size, "%s/%s", folder, file) < size, "the name of a file");
  FILE* out = fopen(name, "wb");
  require(out != NULL && fputs(text, out) >= 0 && fclose(out) == 0, "to write a file");
}

char* cert_escape(const char* text) {
  static const char hex[] = "0123456789ABCDEF";
  char* escaped = malloc(3 * strlen(text) + 1);
  require(escaped != NULL, "memory");
  char* out = escaped;
  for (; *text != 0; text++) {
    unsigned char c = (unsigned char) *text;
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) {
      *out++ = (char) c;
    } else {
      *out++ = '%';
      *out++ = hex[c >> 4];
      *out++ = hex[c & 15];
    }
  }
  *out = 0;
  return escaped;
}
