/* Doorbells of channels in the order of their priorities (bells.h). */
#include "bells.h"

#include <stdbool.h>

/* The words of a level. */
#define WORDS_BELOW(bell) ((1u << (bell) / 32) - 1)
#define WORDS_BETWEEN(first, end) (WORDS_BELOW(end) & ~WORDS_BELOW(first))
#define WORDS(...) WORDS_BETWEEN(__VA_ARGS__)

static const struct level {
    uint32_t words, lower;         /* its words; those of all levels below */
} levels[BELL_LEVELS] = {
    {WORDS(BELL_LEVEL_0), WORDS(BELL_LEVEL_1) | WORDS(BELL_LEVEL_2) | WORDS(BELL_LEVEL_3)},
    {WORDS(BELL_LEVEL_1), WORDS(BELL_LEVEL_2) | WORDS(BELL_LEVEL_3)},
    {WORDS(BELL_LEVEL_2), WORDS(BELL_LEVEL_3)},
    {WORDS(BELL_LEVEL_3), 0},
};

/* The first latched bell behind `after` in its word, or in `words` above it; -1: none. */
static int next_bell(const struct bells *bells, uint32_t words, unsigned after) {
    unsigned word = after / 32;
    uint32_t bits = bells->latched[word] & ~1u << after % 32;
    if (bits == 0) {
        words &= ~1u << word;
        if (words == 0) {
            return -1;
        }
        word = first_bit(words);
        bits = bells->latched[word];
    }
    return word * 32 + first_bit(bits);
}

/* One of a level that has some. */
static int take_of(struct bells *bells, unsigned level) {
    uint32_t words = bells->summary & levels[level].words;
    int bell = next_bell(bells, words, bells->last[level]);
    if (bell < 0) { /* the round is over */
        unsigned word = first_bit(words);
        bell = word * 32 + first_bit(bells->latched[word]);
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
    if (bells->summary == 0) {
        return -1;
    }
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
