/* The simulator (simulator.h). Cores are coroutines; before every access to
 * shared memory the seed decides which late stores and loads happen now and
 * which core goes on. Shared memory is real memory; a store buffer holds what
 * has not reached it. */
#include "simulator.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include "memory_hooks.h"
#include "position.h"

#define SLOTS_MAX 8u
#define STORES_MAX 64u
#define SITES_MAX 16u
#define STACK_BYTES (64u * 1024u)
#define STEPS_MAX 1000000u /* a hang detector: a run of the tests takes some thousands */

struct store { uint8_t *address; uint32_t value, size, release; };

struct late_copy { uint8_t *to; const uint8_t *from; size_t length; };

struct early_copy { bool valid; struct ump_slot slot; };

struct core {
    struct side side;
    ucontext_t context;
    char stack[STACK_BYTES] __attribute__((aligned(16)));
    struct store stores[STORES_MAX]; /* oldest first */
    unsigned store_count;
    struct late_copy late;           /* length 0: none */
    struct early_copy early[SLOTS_MAX];
    bool rung, waits, done;
    uint32_t sleeps;
};

static struct {
    const struct sim_setup *setup;
    struct sim_result *result;
    uint64_t random;
    unsigned event_odds, switch_odds; /* one in so many steps */
    ucontext_t scheduler;
    struct core *running;             /* NULL: no simulation runs */
    struct core cores[2];
    struct {
        struct ump_ring ring;
        struct ump_slot slots[SLOTS_MAX];
    } rings[2];
} sim;

static struct { const char *primitive, *function; } sites[SITES_MAX];

void (*sim_on_access)(const char *primitive, const void *address, size_t length);

static uint32_t choose(uint32_t below) {
    sim.random ^= sim.random << 13;
    sim.random ^= sim.random >> 7;
    sim.random ^= sim.random << 17;
    return (uint32_t)(sim.random >> 32) % below;
}

/* --- what memory does by itself --------------------------------------------- */

static void store_reaches_memory(struct core *core, unsigned index) {
    struct store *store = &core->stores[index];
    memcpy(store->address, &store->value, store->size);
    core->store_count--;
    memmove(store, store + 1, (core->store_count - index) * sizeof(*store));
}

static void one_store_reaches_memory(struct core *core) {
    unsigned index = sim.setup->order == SIM_TSO ? 0 : choose(core->store_count);
    if (core->stores[index].release) {
        index = 0;
    }
    for (unsigned older = 0; older < index; older++) {
        if (core->stores[older].address == core->stores[index].address) {
            index = older;
        }
    }
    store_reaches_memory(core, index);
}

static void all_stores_reach_memory(struct core *core) {
    while (core->store_count != 0) {
        store_reaches_memory(core, 0);
    }
}

static void late_copy_ends(struct core *core) {
    memcpy(core->late.to, core->late.from, core->late.length);
    core->late.length = 0;
}

static void early_copy_begins(struct core *core) {
    unsigned position = choose(sim.setup->slots);
    const struct ump_slot *slot = &core->side.rx.ring->slots[position];
    if (core->late.length == 0 || core->late.from != slot->payload) {
        core->early[position].slot = *slot;
        core->early[position].valid = true;
    }
}

static void memory_event(void) {
    struct core *core = &sim.cores[choose(2)];
    unsigned what = sim.setup->order == SIM_WEAK ? choose(4) : 0;
    if (what == 1 && core->late.length != 0) {
        late_copy_ends(core);
    } else if (what == 2) {
        early_copy_begins(core);
    } else if (core->store_count != 0) {
        one_store_reaches_memory(core);
    }
}

static void step(void) {
    sim.result->steps++;
    while (choose(sim.event_odds) == 0) {
        memory_event();
        if (sim.event_odds == 1 && choose(2) == 0) {
            break;
        }
    }
    if (choose(sim.switch_odds) == 0) {
        swapcontext(&sim.running->context, &sim.scheduler);
    }
}

/* --- primitives -------------------------------------------------------------- */

static void note_site(const char *primitive, const char *function) {
    for (unsigned i = 0; i < SITES_MAX; i++) {
        if (sites[i].primitive == NULL) {
            sites[i].primitive = primitive;
            sites[i].function = function;
        }
        if (sites[i].primitive == primitive && sites[i].function == function) {
            return;
        }
    }
}

const char *sim_sites(void) {
    static char text[1024];
    text[0] = 0;
    for (unsigned i = 0; i < SITES_MAX && sites[i].primitive != NULL; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof(text) - used, "%s %s\n", sites[i].primitive,
            sites[i].function);
    }
    return text;
}

/* Whether the primitive keeps its order here, or is the one that is removed. */
static bool keeps_order(const char *primitive, const char *function) {
    if (strstr(primitive, "relaxed") != NULL) {
        return false;
    }
    note_site(primitive, function);
    if (sim.setup->removed_primitive != NULL
        && strcmp(primitive, sim.setup->removed_primitive) == 0
        && strcmp(function, sim.setup->removed_function) == 0) {
        sim.result->removals++;
        return false;
    }
    return true;
}

/* True if no simulation runs, and the primitive is to act at once. */
static bool at_once(const char *primitive, const void *address, size_t length) {
    if (sim.running != NULL) {
        step();
        return false;
    }
    if (sim_on_access != NULL) {
        sim_on_access(primitive, address, length);
    }
    return true;
}

static void acquire(struct core *core) {
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        core->early[i].valid = false;
    }
}

static void release_loads(struct core *core) {
    if (core->late.length != 0) {
        late_copy_ends(core);
    }
}

static void buffer_store(const void *address, uint32_t value, uint32_t size, bool release) {
    struct core *core = sim.running;
    if (core->store_count == STORES_MAX) {
        store_reaches_memory(core, 0);
    }
    core->stores[core->store_count++] =
        (struct store) { (uint8_t *)address, value, size, release };
}

/* A core reads only words that the other writes: no store of its own to forward. */
uint32_t sim_load(const char *primitive, const char *function, const uint32_t *word) {
    if (at_once(primitive, word, sizeof(*word))) {
        return *(const volatile uint32_t *)word;
    }
    if (keeps_order(primitive, function)) {
        acquire(sim.running);
    }
    return *(const volatile uint32_t *)word;
}

void sim_store(const char *primitive, const char *function, uint32_t *word, uint32_t value) {
    if (at_once(primitive, word, sizeof(*word))) {
        *(volatile uint32_t *)word = value;
        return;
    }
    bool release = keeps_order(primitive, function);
    if (release) {
        release_loads(sim.running);
    }
    buffer_store(word, value, sizeof(value), release);
}

void sim_fence(const char *primitive, const char *function) {
    if (!at_once(primitive, NULL, 0) && keeps_order(primitive, function)) {
        all_stores_reach_memory(sim.running);
        release_loads(sim.running);
        acquire(sim.running);
    }
}

void sim_copy_in(void *shared, const void *private_side, size_t length) {
    if (at_once("mem_copy_in", shared, length)) {
        memcpy(shared, private_side, length);
        return;
    }
    for (size_t at = 0; at < length; at += sizeof(uint32_t)) {
        uint32_t value = 0, size = length - at < 4 ? (uint32_t)(length - at) : 4;
        memcpy(&value, (const uint8_t *)private_side + at, size);
        buffer_store((uint8_t *)shared + at, value, size, false);
        step();
    }
}

void sim_copy_out(void *private_side, const void *shared, size_t length) {
    if (at_once("mem_copy_out", shared, length)) {
        memcpy(private_side, shared, length);
        return;
    }
    struct core *core = sim.running;
    release_loads(core);
    struct early_copy *early =
        &core->early[(const struct ump_slot *)shared - core->side.rx.ring->slots];
    if (early->valid && choose(2) == 0) {
        memcpy(private_side, &early->slot, length);
    } else if (sim.setup->order == SIM_WEAK && choose(2) == 0) {
        core->late = (struct late_copy) { private_side, shared, length };
    } else {
        memcpy(private_side, shared, length);
    }
    early->valid = false; /* what is read later is not older */
}

/* --- the host of a side -------------------------------------------------------- */

void host_ring_peer(struct side *side) {
    struct core *peer = &sim.cores[1 - side->core];
    step();
    /* Memory before the device: an interrupt overtakes nothing. */
    all_stores_reach_memory(&sim.cores[side->core]);
    if (peer->waits || !sim.setup->edge_doorbell) {
        peer->rung = true;
    }
}

void host_clear_doorbell(struct side *side) {
    step();
    sim.cores[side->core].rung = false;
}

void host_wait(struct side *side) {
    struct core *core = &sim.cores[side->core];
    step();
    core->sleeps++;
    core->waits = true;
    while (!core->rung) {
        swapcontext(&core->context, &sim.scheduler);
    }
    core->waits = false;
}

/* A late load may take its time until its value is needed. */
void host_need_payload(struct side *side) {
    struct core *core = &sim.cores[side->core];
    for (unsigned patience = 32; core->late.length != 0 && patience != 0; patience--) {
        step();
    }
    release_loads(core);
}

unsigned host_choose(struct side *side, unsigned below) {
    (void)side;
    return choose(below);
}

/* --- runs ------------------------------------------------------------------------ */

static void core_main(void) {
    side_run(&sim.running->side);
    sim.running->done = true;
    swapcontext(&sim.running->context, &sim.scheduler);
}

static void core_prepare(unsigned number) {
    struct core *core = &sim.cores[number];
    memset(core, 0, offsetof(struct core, stack));
    memset(&core->stores, 0, sizeof(*core) - offsetof(struct core, stores));
    core->side.core = number;
    core->side.to_send = sim.setup->messages[number];
    core->side.to_receive = sim.setup->messages[1 - number];
    core->side.mutations = sim.setup->mutations;
    getcontext(&core->context);
    core->context.uc_stack.ss_sp = core->stack;
    core->context.uc_stack.ss_size = sizeof(core->stack);
    makecontext(&core->context, core_main, 0);
}

static bool can_run(const struct core *core) {
    return !core->done && (core->rung || !core->waits);
}

static void say(const char *format, ...) {
    size_t used = strlen(sim.result->text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sim.result->text + used, sizeof(sim.result->text) - used, format, arguments);
    va_end(arguments);
}

static void say_state(void) {
    for (unsigned i = 0; i < 2; i++) {
        const struct core *core = &sim.cores[i];
        const struct ump_ring *ring = &sim.rings[i].ring;
        say("; core %u %s%s sent %u (%u to go), received %u (%u to go), its ring: consumed %u, "
            "rx_sleep %u, tx_sleep %u", i, core->done ? "done" : core->waits ? "waits" : "runs",
            core->side.wrong[0] != 0 ? " in error" : "", (unsigned)core->side.sent,
            (unsigned)core->side.to_send, (unsigned)core->side.received,
            (unsigned)core->side.to_receive, (unsigned)ring->consumed, (unsigned)ring->rx_sleep,
            (unsigned)ring->tx_sleep);
    }
}

static void judge(void) {
    const char *wrong = sim.cores[0].side.wrong[0] != 0 ? sim.cores[0].side.wrong
        : sim.cores[1].side.wrong;
    bool done = sim.cores[0].done && sim.cores[1].done;
    sim.result->verdict = wrong[0] != 0 ? SIM_WRONG : done ? SIM_FINE : SIM_HANGS;
    if (sim.result->verdict != SIM_FINE) {
        say("%s", wrong[0] != 0 ? wrong : "nothing moves any more");
        say_state();
    }
}

void sim_run(const struct sim_setup *setup, uint64_t seed, struct sim_result *result) {
    memset(result, 0, sizeof(*result));
    sim.setup = setup;
    sim.result = result;
    /* Neighbouring seeds must give unlike runs; xorshift must not start at 0. */
    sim.random = (seed + 1) * 0x9E3779B97F4A7C15u;
    sim.random = (sim.random ^ sim.random >> 29) | 1;
    sim.event_odds = 1u << choose(6);
    sim.switch_odds = 1u << choose(5);
    for (unsigned i = 0; i < 2; i++) {
        core_prepare(i);
    }
    for (unsigned i = 0; i < 2; i++) {
        ring_open_at(&sim.rings[i].ring, &sim.cores[i].side.tx, &sim.cores[1 - i].side.rx,
            setup->slots, setup->position);
    }
    while (result->steps < STEPS_MAX && sim.cores[0].side.wrong[0] == 0
           && sim.cores[1].side.wrong[0] == 0) {
        struct core *core = &sim.cores[choose(2)];
        if (!can_run(core)) {
            core = &sim.cores[1 - core->side.core];
        }
        if (!can_run(core)) {
            break;
        }
        sim.running = core;
        swapcontext(&sim.scheduler, &core->context);
        sim.running = NULL;
    }
    judge();
    result->sleeps[0] = sim.cores[0].sleeps;
    result->sleeps[1] = sim.cores[1].sleeps;
}

uint64_t sim_search(const struct sim_setup *setup, uint64_t first, uint64_t count,
    struct sim_result *result) {
    for (uint64_t seed = first; seed < first + count; seed++) {
        sim_run(setup, seed, result);
        if (result->verdict != SIM_FINE) {
            return seed;
        }
    }
    return first + count;
}
