/* The memory primitives as calls into the simulator, which are told by their
 * name and the function that they stand in: so any single one can be removed. */
#ifndef POLY_TEST_MEMORY_HOOKS_H
#define POLY_TEST_MEMORY_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint32_t sim_load(const char *primitive, const char *function, const uint32_t *word);
void sim_store(const char *primitive, const char *function, uint32_t *word, uint32_t value);
void sim_fence(const char *primitive, const char *function);
void sim_copy_in(void *shared, const void *private_side, size_t length);
void sim_copy_out(void *private_side, const void *shared, size_t length);

#define mem_load_acquire(p)      sim_load("mem_load_acquire", __func__, (p))
#define mem_load_relaxed(p)      sim_load("mem_load_relaxed", __func__, (p))
#define mem_store_release(p, v)  sim_store("mem_store_release", __func__, (p), (v))
#define mem_store_relaxed(p, v)  sim_store("mem_store_relaxed", __func__, (p), (v))
#define mem_fence()              sim_fence("mem_fence", __func__)
#define mem_copy_in(d, s, n)     sim_copy_in((d), (s), (n))
#define mem_copy_out(d, s, n)    sim_copy_out((d), (s), (n))
#define mem_copy_whole_in(d, s, n)  sim_copy_in((d), (s), (n))
#define mem_copy_whole_out(d, s, n) sim_copy_out((d), (s), (n))

#endif
