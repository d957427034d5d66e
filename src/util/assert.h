/* Checks of what the code itself guarantees, compiled into builds with assertions only: those of
 * buildtype debug, and those with -Dassertions=enabled. What comes from outside is never asserted. */
#ifndef TUV_UTIL_ASSERT_H
#define TUV_UTIL_ASSERT_H

#ifdef TUV_ASSERTIONS
#include <assert.h>
#define TUV_ASSERT(condition) assert(condition)
#else
/* Compiled, so that it stays correct, and not evaluated. */
#define TUV_ASSERT(condition) ((void) sizeof((condition) ? 1 : 0))
#endif

#endif
