/* The real primitives, but RELAXED_PRIMITIVE in RELAXED_FUNCTION without its
 * order: what ThreadSanitizer must report. */
#undef POLY_MEMORY_HOOKS
#undef POLY_MEMORY_ORDER_H
#include "memory_order.h"

#define RELAXED_HERE(name) \
    (__builtin_strcmp(name, RELAXED_PRIMITIVE) == 0 \
     && __builtin_strcmp(__func__, RELAXED_FUNCTION) == 0)

#undef mem_load_acquire
#define mem_load_acquire(p) \
    (RELAXED_HERE("mem_load_acquire") ? mem_load_relaxed(p) : __atomic_load_n((p), __ATOMIC_ACQUIRE))

#undef mem_store_release
#define mem_store_release(p, v) \
    (RELAXED_HERE("mem_store_release") ? mem_store_relaxed((p), (v)) \
     : __atomic_store_n((p), (v), __ATOMIC_RELEASE))
