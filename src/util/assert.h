/* Assertions about what the code itself guarantees. They are compiled into builds of type debug and
 * with -Dassertions=enabled only. Input from outside is never asserted. */
#ifndef TUV_UTIL_ASSERT_H
#define TUV_UTIL_ASSERT_H

#ifdef TUV_ASSERTIONS
#include <assert.h>
#define TUV_ASSERT(condition) assert(condition)
#else
/* Compiled, so that it stays correct, but not evaluated. */
#define TUV_ASSERT(condition) ((void) sizeof((condition) ? 1 : 0))
#endif

#endif
