// XXH3 as fast as this processor can: the library has it for several kinds and chooses when it runs,
// where it was built so. Ten times as fast as what every processor of the kind has.
#pragma once

#include <xxhash.h>
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>
#endif
