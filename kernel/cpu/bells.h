/* The doorbells of a core: which numbers belong to whom, and in which order those of
 * channels are taken. SPEC UMP-6, TRN-5. Private to a core. */
#ifndef POLY_BELLS_H
#define POLY_BELLS_H

#include <stdint.h>

#define DOORBELLS 512u             /* of one core: 32 bits for each bit of half a summary word */
#define DOORBELL_WORDS (DOORBELLS / 32)
#define URGENT_WORDS 2u            /* the first ones belong to monitors, the others to channels */
#define BELL_URGENT_END (URGENT_WORDS * 32)
#define BELL_CHANNEL_WORDS ((1u << DOORBELL_WORDS) - (1u << URGENT_WORDS)) /* of a summary */

/* Priorities: first doorbell and end of each level, whole words of 32; level 0 is served
 * first, level 2 is the default and has the most. */
#define BELL_LEVELS 4u
#define BELL_LEVEL_0 BELL_URGENT_END, 128u
#define BELL_LEVEL_1 128u, 192u
#define BELL_LEVEL_2 192u, 448u
#define BELL_LEVEL_3 448u, DOORBELLS

#define BELLS_IN_A_ROW 8u          /* takes of a level, then one of those below that wait */

struct bells {                     /* all zero: none has rung */
    uint32_t summary;              /* bit i: latched[i] has bits */
    uint32_t latched[DOORBELL_WORDS];
    uint16_t last[BELL_LEVELS];    /* taken; its round goes on behind it */
    uint8_t in_a_row[BELL_LEVELS]; /* takes since a lower level, which waits, had one */
};

/* Number of the lowest bit of `bits`, which is not 0. By multiplication with a de Bruijn
 * sequence: the compiler's own is a call of some 50 instructions where the processor counts no
 * zeros. */
static inline unsigned first_bit(uint32_t bits) {
    static const uint8_t place[32] = {
        0, 1, 28, 2, 29, 14, 24, 3, 30, 22, 20, 15, 25, 17, 4, 8,
        31, 27, 13, 23, 21, 19, 16, 7, 26, 12, 18, 6, 11, 5, 10, 9,
    };
    return place[(bits & -bits) * 0x077cb531u >> 27];
}

/* These bells of a word rang. */
static inline void bells_latch(struct bells *bells, unsigned word, uint32_t bits) {
    if (bits != 0) {
        bells->latched[word] |= bits;
        bells->summary |= 1u << word;
    }
}

/* Takes the next: -1: none. Higher levels first, but after BELLS_IN_A_ROW of one the levels
 * below have one; within a level in rounds, so that who rings again and again keeps nobody
 * else of its level waiting. */
int bells_take(struct bells *bells);

#endif
