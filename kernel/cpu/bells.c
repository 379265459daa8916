/* Doorbells of channels in the order of their priorities (bells.h). */
#include "bells.h"

#include <stdbool.h>

/* The words of a level, and of all that are below it. */
#define WORDS_BELOW(end) ((1u << (end) / 32) - 1)
#define WORDS(first, end) (WORDS_BELOW(end) & ~WORDS_BELOW(first))

static const struct level {
    uint32_t words, lower;
} levels[BELL_LEVELS] = {
    {WORDS(BELL_URGENT_END, BELL_LEVEL_0_END), WORDS(BELL_LEVEL_0_END, DOORBELLS)},
    {WORDS(BELL_LEVEL_0_END, BELL_LEVEL_1_END), WORDS(BELL_LEVEL_1_END, DOORBELLS)},
    {WORDS(BELL_LEVEL_1_END, BELL_LEVEL_2_END), WORDS(BELL_LEVEL_2_END, DOORBELLS)},
    {WORDS(BELL_LEVEL_2_END, BELL_LEVEL_3_END), 0},
};

/* The first latched bell behind `after` in its word, or in `words`; -1: none. */
static int next_bell(const struct bells *bells, uint32_t words, unsigned after) {
    unsigned word = after / 32;
    uint32_t bits = bells->latched[word] & ~1u << after % 32;
    if (bits == 0) {
        words &= ~1u << word;
        if (words == 0) {
            return -1;
        }
        word = __builtin_ctz(words);
        bits = bells->latched[word];
    }
    return word * 32 + __builtin_ctz(bits);
}

/* One of a level that has some. */
static int take_of(struct bells *bells, unsigned level) {
    uint32_t words = bells->summary & levels[level].words;
    int bell = next_bell(bells, words, bells->last[level]);
    if (bell < 0) { /* the round is over */
        unsigned word = __builtin_ctz(words);
        bell = word * 32 + __builtin_ctz(bells->latched[word]);
    }
    unsigned word = bell / 32;
    bells->latched[word] &= ~(1u << bell % 32);
    if (bells->latched[word] == 0) {
        bells->summary &= ~(1u << word);
    }
    bells->last[level] = bell;
    return bell;
}

int bells_take(struct bells *bells) {
    for (unsigned level = 0; level < BELL_LEVELS; level++) {
        if ((bells->summary & levels[level].words) == 0) {
            continue;
        }
        if ((bells->summary & levels[level].lower) == 0) {
            bells->in_a_row[level] = 0;
            return take_of(bells, level);
        }
        if (bells->in_a_row[level] < BELLS_IN_A_ROW) {
            bells->in_a_row[level]++;
            return take_of(bells, level);
        }
        bells->in_a_row[level] = 0;
    }
    return -1;
}
