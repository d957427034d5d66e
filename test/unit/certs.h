/* Certificates for tests, generated on demand: a CA, the certificates that it signs, and faulty
 * ones. */
#ifndef TUV_TEST_UNIT_CERTS_H
#define TUV_TEST_UNIT_CERTS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct cert_s cert_t;
struct cert_s {
  char name[64];     /* of the subject */
  char pem[4096];    /* the certificate */
  char key[4096];    /* its private key */
  char pin[45];      /* base64 of SHA-256 of its public key */
  char chain[12288]; /* the certificate and those above it, without the root */
  const cert_t* issuer;
  void* pk;
};

/* All zero but the name: an EC key, SHA-256, valid from yesterday to in a month, self-signed. */
typedef struct cert_spec_s {
  const char* name;     /* the subject's CN */
  const cert_t* issuer; /* NULL: itself; must live as long as this one */
  bool ca;
  const char* dns[3]; /* dNSName entries */
  const char* ip[3];  /* iPAddress entries */
  int from, to;       /* validity in days from now; both 0: -1 to 30 */
  unsigned rsa_bits;  /* an RSA key of this size */
  bool sha1;          /* signed over SHA-1 */
  bool no_names;      /* no subject alternative names, though a test adds some by default */
} cert_spec_t;

cert_t* cert_new(const cert_spec_t* spec);
void cert_free(cert_t* cert);

/* Writes the text to a new file below `folder`; its name is for `name`. */
void cert_write(const char* folder, const char* file, const char* text, char* name, size_t size);

/* The first creates an empty folder for this test program; the second removes it with its files. */
void cert_folder(char* folder, size_t size);
void cert_folder_remove(const char* folder);

/* Percent-encodes a text, as a value of a URL; the caller frees it. */
char* cert_escape(const char* text);

#endif
