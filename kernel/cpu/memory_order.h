/* The memory primitives of the ring and the doorbell, by name. A host build
 * may define POLY_MEMORY_HOOKS and give its own (a simulator that reorders
 * stores, a build with one primitive removed). */
#ifndef POLY_MEMORY_ORDER_H
#define POLY_MEMORY_ORDER_H

#ifdef POLY_MEMORY_HOOKS
#include "memory_hooks.h"
#else

#include <stddef.h>
#include <stdint.h>

#define mem_load_acquire(p)      __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define mem_load_relaxed(p)      __atomic_load_n((p), __ATOMIC_RELAXED)
#define mem_store_release(p, v)  __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define mem_store_relaxed(p, v)  __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define mem_fetch_or(p, v)       __atomic_fetch_or((p), (v), __ATOMIC_ACQ_REL)
#define mem_exchange(p, v)       __atomic_exchange_n((p), (v), __ATOMIC_ACQ_REL)
#define mem_compare_exchange(p, expected, v) __extension__({ \
    __typeof__(*(p)) expected_ = (expected); \
    __atomic_compare_exchange_n((p), &expected_, (v), 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE); })
#define mem_fence()              __atomic_thread_fence(__ATOMIC_SEQ_CST)

/* Copies between private and shared RAM, by words. The shared side is aligned
 * to a word and touched once, byte for byte: a compiler may read the source of
 * a memcpy again later, when the peer has changed it, but not a volatile. The
 * private side of a copy in may lie anywhere; nothing past `length` is touched. */
#if defined(__ARM_FEATURE_UNALIGNED) || defined(__x86_64__) || defined(__i386__)
#define MEM_ALIGNMENT(type) 1            /* words are read from anywhere */
#else
#define MEM_ALIGNMENT(type) sizeof(type)
#endif

typedef volatile uintptr_t mem_shared_word __attribute__((may_alias));
typedef volatile uint32_t mem_shared_half __attribute__((may_alias));
typedef uintptr_t mem_private_word
    __attribute__((may_alias, aligned(MEM_ALIGNMENT(uintptr_t))));
typedef uint32_t mem_private_half __attribute__((may_alias, aligned(MEM_ALIGNMENT(uint32_t))));

#define MEM_COPY_BY(to_type, from_type) \
    for (; length >= sizeof(to_type); length -= sizeof(to_type)) { \
        *(to_type *)to = *(from_type *)from; \
        to += sizeof(to_type); \
        from += sizeof(to_type); \
    }

static inline void mem_copy_in(void *shared, const void *private_side, size_t length) {
    volatile uint8_t *to = shared;
    const uint8_t *from = private_side;
    if ((uintptr_t)from % MEM_ALIGNMENT(uintptr_t) == 0) {
        MEM_COPY_BY(mem_shared_word, const mem_private_word)
    }
    if ((uintptr_t)from % MEM_ALIGNMENT(uint32_t) == 0) {
        MEM_COPY_BY(mem_shared_half, const mem_private_half)
    }
    MEM_COPY_BY(volatile uint8_t, const uint8_t)
}

/* By whole words: both sides are aligned, and have room up to the next word. */
static inline void mem_copy_out(void *private_side, const void *shared, size_t length) {
    mem_private_word *to = private_side;
    const mem_shared_word *from = shared;
    for (size_t done = 0; done < length; done += sizeof(*to)) {
        *to++ = *from++;
    }
}

#endif

#endif
