/* The library's version, and how its symbols are exported. */
#ifndef TAOSUV_VERSION_H
#define TAOSUV_VERSION_H

#define TAOSUV_VERSION_MAJOR 0
#define TAOSUV_VERSION_MINOR 1
#define TAOSUV_VERSION_PATCH 0
#define TAOSUV_VERSION_STRING "0.1.0"
#define TAOSUV_VERSION_HEX                                                                         \
  ((TAOSUV_VERSION_MAJOR << 16) | (TAOSUV_VERSION_MINOR << 8) | TAOSUV_VERSION_PATCH)

#if defined(_WIN32)
#if defined(TAOSUV_BUILDING_SHARED)
#define TAOSUV_EXTERN __declspec(dllexport)
#elif defined(TAOSUV_USING_SHARED)
#define TAOSUV_EXTERN __declspec(dllimport)
#else
#define TAOSUV_EXTERN
#endif
#elif defined(__GNUC__)
#define TAOSUV_EXTERN __attribute__((visibility("default")))
#else
#define TAOSUV_EXTERN
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is linked, as TAOSUV_VERSION_HEX and as text: compare them with
 * the macros of the header that was compiled. */
TAOSUV_EXTERN unsigned int taosuv_version(void);
TAOSUV_EXTERN const char* taosuv_version_string(void);

#ifdef __cplusplus
}
#endif

#endif
