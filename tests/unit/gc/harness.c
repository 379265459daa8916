/* Drives one build of MicroPython's gc.c through a trace of heap operations and
 * logs everything that a program could observe: each address, each failure, each
 * collection, each finaliser, and at the end the allocation table. Two builds
 * place alike exactly if their logs are equal. The trace is four 32-bit words an
 * operation; gc.c is included, so that its static names are in reach. */
#include "py/gc.c"

enum { ALLOC, FREE, DROP, REALLOC, LINK, COLLECT, THRESHOLD, AUTOMATIC };

#define AREA_STATE_BYTES 512
#define EVENT_COLLECTED 0xC0000000u
#define EVENT_FINALISED 0xF0000000u
#define EVENT_NONE 0xFFFFFFFFu

mp_state_ctx_t mp_state_ctx;
unsigned long table_visits;

static struct {
    byte *memory;
    void **roots;
    size_t roots_count;
    uint32_t *log;
    size_t log_count, log_size;
} run;

/* Objects with a finaliser: the second word may name a victim to free. */
struct finalised {
    const void *type;
    void *victim;
};

static void log_event(uint32_t event) {
    if (run.log_count < run.log_size) {
        run.log[run.log_count] = event;
    }
    run.log_count++;
}

static uint32_t offset_of(const void *pointer) {
    return pointer == NULL ? EVENT_NONE : (uint32_t)((const byte *)pointer - run.memory);
}

void gc_collect(void) {
    unsigned long visits = table_visits;
    log_event(EVENT_COLLECTED);
    gc_collect_start();
    gc_collect_root(run.roots, run.roots_count);
    gc_collect_end();
    table_visits = visits;
}

void mp_load_method_maybe(mp_obj_t object, qstr name, mp_obj_t *dest) {
    (void)name;
    dest[0] = dest[1] = object;
}

/* Frees during the sweep, as a finaliser of Python's may. Only a block that the
 * sweep will free anyhow: a reachable one would leave its root dangling. */
mp_obj_t mp_call_function_1_protected(mp_obj_t method, mp_obj_t object) {
    (void)method;
    struct finalised *dying = MP_OBJ_TO_PTR(object);
    log_event(EVENT_FINALISED | (offset_of(dying) & 0x0FFFFFFF));
    void *victim = dying->victim;
    if (victim != NULL && victim != dying) {
        mp_state_mem_area_t *area;
        #if MICROPY_GC_SPLIT_HEAP
        area = gc_get_ptr_area(victim);
        #else
        area = &MP_STATE_MEM(area);
        #endif
        if (ATB_GET_KIND(area, BLOCK_FROM_PTR(area, victim)) == AT_HEAD) {
            gc_free(victim);
        }
    }
    return MP_OBJ_NULL;
}

int mp_printf(const mp_print_t *print, const char *format, ...) {
    (void)print;
    (void)format;
    return 0;
}
int mp_print_str(const mp_print_t *print, const char *text) {
    (void)print;
    (void)text;
    return 0;
}
const mp_obj_type_t mp_type_tuple, mp_type_list, mp_type_dict, mp_type_str, mp_type_bytes;
const mp_obj_type_t mp_type_bytearray, mp_type_array, mp_type_float, mp_type_fun_bc;
const mp_obj_type_t mp_type_module;

#ifdef GC_RUN_HINTS
/* True if a hole lets a search find a run of this length that starts here. */
static bool in_hole(const mp_state_mem_area_t *area, size_t block, size_t length) {
    for (size_t h = 0; h < GC_HOLES; h++) {
        const mp_gc_hole_t *hole = &area->gc_hole[h];
        if (hole->start < block + length && block < hole->end && length <= hole->fit
            && length <= area->gc_holes_fit) {
            return true;
        }
    }
    return false;
}

/* The hints' meaning, checked by counting: no run starts before its hint, except
 * those that overlap a hole. */
static bool hints_hold(void) {
    for (mp_state_mem_area_t *area = &MP_STATE_MEM(area); area; area = NEXT_AREA(area)) {
        size_t blocks = area->gc_alloc_table_byte_len * BLOCKS_PER_ATB;
        size_t n_free = 0;
        for (size_t block = blocks; block-- > 0;) {
            n_free = ATB_GET_KIND(area, block) == AT_FREE ? n_free + 1 : 0;
            for (size_t k = 0; k < GC_RUN_HINTS && gc_run_length[k] <= n_free; k++) {
                if (block < area->gc_run_hint[k] && !in_hole(area, block, gc_run_length[k])) {
                    return false;
                }
            }
        }
    }
    return true;
}
#else
static bool hints_hold(void) {
    return true;
}
#endif

static void log_tables(void) {
    for (mp_state_mem_area_t *area = &MP_STATE_MEM(area); area; area = NEXT_AREA(area)) {
        uint32_t sum = 2166136261u;
        for (size_t i = 0; i < area->gc_alloc_table_byte_len; i++) {
            sum = (sum ^ area->gc_alloc_table_start[i]) * 16777619u;
        }
        log_event(sum);
        log_event((uint32_t)area->gc_last_used_block);
    }
}

static void heap_start(byte *memory, size_t heap_bytes, void **roots, size_t roots_count) {
    memset(memory, 0, heap_bytes);
    memset(&mp_state_ctx, 0, sizeof mp_state_ctx);
    run.memory = memory;
    run.roots = roots;
    run.roots_count = roots_count;
    #if MICROPY_GC_SPLIT_HEAP
    /* An added area starts with its own state, which the patch makes longer: all
     * tables shall start where they would without. */
    size_t first = heap_bytes / 3 & ~(size_t)63, second = 2 * first;
    byte *state = memory + AREA_STATE_BYTES - sizeof(mp_state_mem_area_t);
    gc_init(memory, memory + first);
    gc_add(state + first, memory + second);
    gc_add(state + second, memory + heap_bytes);
    #else
    gc_init(memory, memory + heap_bytes);
    #endif
}

static void step(const uint32_t *operation) {
    size_t slot = operation[1] % run.roots_count;
    size_t bytes = operation[2];
    void **root = &run.roots[slot];
    void *other = run.roots[operation[3] % run.roots_count];
    switch (operation[0]) {
        case ALLOC: {
            bool finaliser = bytes >= sizeof(struct finalised) && operation[3] % 8 == 0;
            *root = gc_alloc(bytes, finaliser ? GC_ALLOC_FLAG_HAS_FINALISER : 0);
            if (*root != NULL && finaliser) {
                *(struct finalised *)*root = (struct finalised){ &mp_type_module, other };
            }
            log_event(offset_of(*root));
            break;
        }
        case FREE:
            /* As the owner does: nobody else holds it. */
            for (size_t i = 0; i < run.roots_count; i++) {
                if (i != slot && run.roots[i] == *root) {
                    run.roots[i] = NULL;
                }
            }
            gc_free(*root);
            *root = NULL;
            break;
        case DROP:
            *root = NULL;
            break;
        case REALLOC: {
            void *moved = gc_realloc(*root, bytes, operation[3] & 1);
            log_event(offset_of(moved));
            if (moved != NULL || bytes == 0) {
                *root = moved;
            }
            break;
        }
        case LINK:
            if (*root != NULL && gc_nbytes(*root) >= 3 * sizeof(void *)) {
                ((void **)*root)[2] = other;
            }
            break;
        case COLLECT:
            gc_collect();
            break;
        case THRESHOLD:
            MP_STATE_MEM(gc_alloc_threshold) = bytes ? bytes : (size_t)-1;
            break;
        case AUTOMATIC:
            MP_STATE_MEM(gc_auto_collect_enabled) = bytes & 1;
            break;
    }
}

/* Returns the number of events (those beyond log_size are counted, not kept), or
 * -1 - index of the first operation after which a hint was wrong. */
long run_trace(byte *memory, size_t heap_bytes, void **roots, size_t roots_count,
    const uint32_t *operations, size_t count, uint32_t *log, size_t log_size,
    bool check_hints) {
    run.log = log;
    run.log_count = 0;
    run.log_size = log_size;
    heap_start(memory, heap_bytes, roots, roots_count);
    for (size_t i = 0; i < count; i++) {
        step(&operations[4 * i]);
        if (check_hints && !hints_hold()) {
            return -1 - (long)i;
        }
    }
    log_tables();
    return (long)run.log_count;
}

static uint32_t next_random(void) {
    static uint32_t state;
    state = state * 1664525 + 1013904223;
    return state >> 16;
}

static void *alloc_like_a_coroutine(void) {
    return gc_alloc((2 + next_random() % 6) * BYTES_PER_BLOCK, 0);
}

/* Mean table visits of an allocation, collections left out, in thousandths: the
 * heap is filled with live objects of 2 to 7 blocks and one in `hole_every` is
 * dropped; then objects of 2 to 7 blocks come and go like coroutines. If `nested`,
 * each second one is freed by its owner after the next was made, as the frame of a
 * function that makes a coroutine is. The roots lie behind the heap. */
unsigned long visits_per_thousand(byte *memory, size_t heap_bytes, size_t hole_every,
    bool nested, size_t allocations) {
    size_t roots_count = heap_bytes / (2 * BYTES_PER_BLOCK);
    void **roots = (void **)(void *)(memory + heap_bytes);
    run.log_size = 0;
    heap_start(memory, heap_bytes, roots, roots_count);
    memset(roots, 0, roots_count * sizeof *roots);
    MP_STATE_MEM(gc_auto_collect_enabled) = 0;
    for (size_t i = 0; i < roots_count; i++) {
        roots[i] = alloc_like_a_coroutine();
    }
    for (size_t i = 0; i < roots_count; i++) {
        if (next_random() % hole_every == 0) {
            roots[i] = NULL;
        }
    }
    MP_STATE_MEM(gc_auto_collect_enabled) = 1;
    roots[0] = NULL;
    gc_collect();
    table_visits = 0;
    for (size_t i = 0; i < allocations; i += 1 + nested) {
        if (nested) {
            roots[0] = alloc_like_a_coroutine();
        }
        alloc_like_a_coroutine();
        gc_free(roots[0]);
        roots[0] = NULL;
    }
    return table_visits * 1000 / allocations;
}
