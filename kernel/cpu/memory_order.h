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
#ifdef __riscv /* where gcc 12 takes an exchange for any atomic store */
#define mem_store_relaxed(p, v)  ((void)(*(volatile __typeof__(*(p)) *)(p) = (v)))
#define mem_store_release(p, v)  \
    (__atomic_thread_fence(__ATOMIC_RELEASE), mem_store_relaxed((p), (v)))
#else
#define mem_store_release(p, v)  __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define mem_store_relaxed(p, v)  __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#endif
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

/* A constant number of bytes, all of which may be touched more than once: for contents that
 * nobody here looks at. The private side may lie anywhere. */
static inline __attribute__((always_inline)) void mem_copy_whole(void *to, const void *from,
    size_t length) {
#ifdef __riscv
    /* The compiler takes words that are not aligned for slow; the boards' harts do not. */
    typedef uintptr_t word __attribute__((may_alias));
    typedef uint32_t half __attribute__((may_alias));
    size_t words = length / sizeof(word);
#pragma GCC unroll 16
    for (size_t i = 0; i < words; i++) {
        ((word *)to)[i] = ((const word *)from)[i];
    }
    for (size_t i = words * sizeof(word) / sizeof(half); i < length / sizeof(half); i++) {
        ((half *)to)[i] = ((const half *)from)[i];
    }
#elif defined(__SANITIZE_THREAD__) /* which does not see a memcpy that is compiled in place */
    for (size_t i = 0; i < length / sizeof(uint32_t); i++) {
        ((mem_shared_half *)to)[i] = ((const mem_shared_half *)from)[i];
    }
#else
    __builtin_memcpy(to, from, length);
#endif
}
#define mem_copy_whole_in(to, from, length) mem_copy_whole((to), (from), (length))
#define mem_copy_whole_out(to, from, length) mem_copy_whole((to), (from), (length))

#endif

#endif
