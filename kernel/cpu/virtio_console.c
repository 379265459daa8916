/* virtio-serial over virtio-mmio, version 2 (virtio 1.2, 4.2.2 and 5.3): data
 * queues of port 1, and the queue by which the driver says that it is there.
 * Port 1 and not port 0, because QEMU throws away what port 0 cannot pass on at
 * once, and holds back the others. The device is trusted as the RAM is: it
 * reads and writes physical memory. */
#include "virtio_console.h"

#include <string.h>

#include "arch.h"
#include "core.h"
#include "memory_order.h"
#include "py/mphal.h"
#include "py/mpstate.h"
#include "py/runtime.h"

#define STALL_S 5                  /* how long a connected host may read nothing */

enum registers {
    MAGIC = 0x00, VERSION = 0x04, DEVICE = 0x08, FEATURES = 0x10, FEATURES_SELECT = 0x14,
    ACCEPT = 0x20, ACCEPT_SELECT = 0x24, QUEUE = 0x30, QUEUE_LENGTH_MAX = 0x34,
    QUEUE_LENGTH = 0x38, QUEUE_READY = 0x44, NOTIFY = 0x50, INTERRUPT_STATUS = 0x60,
    INTERRUPT_ACKNOWLEDGE = 0x64, STATUS = 0x70, DESCRIPTORS = 0x80, AVAILABLE = 0x90,
    USED = 0xa0,
};
#define MAGIC_VALUE 0x74726976u    /* "virt" */
#define DEVICE_CONSOLE 3
#define FEATURE_MULTIPORT 1        /* bit of word 0 */
#define FEATURE_VERSION_1 0        /* bit of word 1 */

enum status { SEEN = 1, DRIVEN = 2, LIVE = 4, FEATURES_AGREED = 8 };
enum queues { QUEUE_CONTROL = 3, QUEUE_RECEIVE = 4, QUEUE_SEND = 5 };
enum events { DEVICE_READY = 0, PORT_READY = 3, PORT_OPEN = 6 };
#define PORT 1

#define LENGTH 8u                  /* buffers of a queue */
#define RECEIVE_BYTES 256u         /* of a buffer */
#define SEND_BYTES 512u

#define DEVICE_WRITES 2u           /* a descriptor's flag */
#define NO_INTERRUPT 1u            /* a flag of the available ring */

/* A split virtqueue. Buffer i has descriptor i. */
struct queue {
    struct { uint64_t address; uint32_t length; uint16_t flags, next; } descriptors[LENGTH];
    struct { uint16_t flags, index, ring[LENGTH]; } available;
    struct {
        uint16_t flags, index;
        struct { uint32_t id, length; } ring[LENGTH];
    } used __attribute__((aligned(4)));
    uint16_t seen;                 /* what was taken from the used ring */
} __attribute__((aligned(16)));

static struct queue control, receive, send;
static struct { uint32_t port; uint16_t event, value; } messages[3];

static uint8_t received[LENGTH][RECEIVE_BYTES];
static struct {                    /* the buffer that is being read */
    unsigned buffer, length, at;
} reading;

static uint8_t sending[LENGTH][SEND_BYTES];
static unsigned send_free;         /* a bit for each buffer that the device does not hold */
static bool stalled;               /* the host reads nothing */
static uintptr_t registers;        /* 0: no device */

static volatile uint32_t *reg(enum registers offset) {
    return (volatile uint32_t *)(registers + offset);
}

/* --- queues ------------------------------------------------------------------------ */

static uint64_t physical(const void *pointer) {
    return BOOT->private_base + core_number * BOOT->private_bytes
           + ((uintptr_t)pointer - LAYOUT_PRIVATE);
}

static void describe(struct queue *queue, unsigned buffer, const void *bytes, unsigned length,
    unsigned flags) {
    queue->descriptors[buffer].address = physical(bytes);
    queue->descriptors[buffer].length = length;
    queue->descriptors[buffer].flags = flags;
}

static void make_available(struct queue *queue, unsigned buffer) {
    uint16_t index = queue->available.index;
    queue->available.ring[index % LENGTH] = buffer;
    mem_store_release(&queue->available.index, (uint16_t)(index + 1));
}

static void notify(enum queues number) {
    arch_fence_device();
    *reg(NOTIFY) = number;
}

/* A buffer that the device has given back, or -1. */
static int take_used(struct queue *queue, unsigned *length) {
    if (queue->seen == mem_load_acquire(&queue->used.index)) {
        return -1;
    }
    unsigned at = queue->seen++ % LENGTH;
    *length = queue->used.ring[at].length;
    return queue->used.ring[at].id % LENGTH;
}

static void set_address(enum registers offset, const void *pointer) {
    uint64_t address = physical(pointer);
    *reg(offset) = (uint32_t)address;
    *reg(offset + 4) = (uint32_t)(address >> 32);
}

static void open_queue(struct queue *queue, enum queues number) {
    *reg(QUEUE) = number;
    *reg(QUEUE_LENGTH) = LENGTH;
    set_address(DESCRIPTORS, queue->descriptors);
    set_address(AVAILABLE, &queue->available);
    set_address(USED, &queue->used);
    *reg(QUEUE_READY) = 1;
}

/* --- start --------------------------------------------------------------------------- */

static bool agree(void) {
    *reg(STATUS) = 0;              /* reset: the device lets go of all memory */
    *reg(STATUS) = SEEN | DRIVEN;
    *reg(ACCEPT_SELECT) = 0;
    *reg(ACCEPT) = 1u << FEATURE_MULTIPORT;
    *reg(ACCEPT_SELECT) = 1;
    *reg(ACCEPT) = 1u << FEATURE_VERSION_1;
    *reg(STATUS) = SEEN | DRIVEN | FEATURES_AGREED;
    return *reg(STATUS) & FEATURES_AGREED;
}

static void tell(unsigned message, enum events event) {
    messages[message].port = PORT;
    messages[message].event = event;
    messages[message].value = 1;
    describe(&control, message, &messages[message], sizeof(messages[message]), 0);
    make_available(&control, message);
}

void virtio_console_start(void) {
    if (!virtio_console_has_slot(core_number)) {
        return;
    }
    registers = virtio_console_registers(core_number);
    if (*reg(MAGIC) != MAGIC_VALUE || *reg(VERSION) != 2 || *reg(DEVICE) != DEVICE_CONSOLE
        || !agree()) {
        registers = 0;
        return;
    }
    /* An earlier life's device may have written here until now. */
    memset(&control, 0, sizeof(control));
    memset(&receive, 0, sizeof(receive));
    memset(&send, 0, sizeof(send));
    for (unsigned buffer = 0; buffer < LENGTH; buffer++) {
        describe(&receive, buffer, received[buffer], RECEIVE_BYTES, DEVICE_WRITES);
        make_available(&receive, buffer);
        describe(&send, buffer, sending[buffer], 0, 0);
    }
    send_free = (1u << LENGTH) - 1;
    control.available.flags = send.available.flags = NO_INTERRUPT;
    open_queue(&control, QUEUE_CONTROL);
    open_queue(&receive, QUEUE_RECEIVE);
    open_queue(&send, QUEUE_SEND);
    *reg(STATUS) = SEEN | DRIVEN | FEATURES_AGREED | LIVE;
    tell(0, DEVICE_READY);
    tell(1, PORT_READY);
    tell(2, PORT_OPEN);
    notify(QUEUE_CONTROL);
    notify(QUEUE_RECEIVE);
}

void virtio_console_acknowledge(void) {
    if (registers != 0) {
        *reg(INTERRUPT_ACKNOWLEDGE) = *reg(INTERRUPT_STATUS);
    }
}

/* --- input ----------------------------------------------------------------------------- */

int virtio_console_take(void) {
    if (registers == 0) {
        return -1;
    }
    if (reading.at == reading.length) {
        int buffer = take_used(&receive, &reading.length);
        if (buffer < 0) {
            return -1;
        }
        reading.buffer = buffer;
        reading.length = MIN(reading.length, RECEIVE_BYTES);
        reading.at = 0;
    }
    int byte = reading.length > 0 ? received[reading.buffer][reading.at++] : -1;
    if (reading.at == reading.length) {
        make_available(&receive, reading.buffer);
        notify(QUEUE_RECEIVE);
    }
    return byte;
}

/* --- output ------------------------------------------------------------------------------ */

static bool room(void) {
    unsigned length;
    int buffer;
    while ((buffer = take_used(&send, &length)) >= 0) {
        send_free |= 1u << buffer;
    }
    return send_free != 0;
}

/* Into a buffer that is free. */
static void put(const char *text, unsigned length) {
    unsigned buffer = __builtin_ctz(send_free);
    send_free &= send_free - 1;
    memcpy(sending[buffer], text, length);
    send.descriptors[buffer].length = length;
    make_available(&send, buffer);
    notify(QUEUE_SEND);
}

static void wait_for_room(void) {
    uint64_t deadline = arch_ticks() + (uint64_t)STALL_S * BOARD_TIMER_TICKS_PER_SECOND;
    send.available.flags = 0;
    mem_fence();                   /* it sees this, or room() sees what it did before */
    while (!room()) {
        if (MP_STATE_VM(sched_state) == MP_SCHED_LOCKED || arch_ticks() >= deadline) {
            stalled = arch_ticks() >= deadline;
            break;
        }
        mp_handle_pending(true);
        core_wait(deadline);
    }
    send.available.flags = NO_INTERRUPT;
}

void virtio_console_try_put(const char *text, size_t length) {
    if (registers != 0 && length <= SEND_BYTES && room()) {
        put(text, length);
    }
}

void virtio_console_put(const char *text, size_t length) {
    if (registers == 0) {
        return;
    }
    while (length > 0) {
        if (!room() && !stalled) {
            wait_for_room();
        }
        if (send_free == 0) {
            return;
        }
        stalled = false;
        unsigned part = MIN(length, SEND_BYTES);
        put(text, part);
        text += part;
        length -= part;
    }
}
