/* The string functions of the image: ours on every board, as toolchains do not agree
 * on where their C library is. A function writes nothing but its destination, and
 * reads nothing beyond the aligned words that its source lies in. They serve before
 * the MMU is on, too, where Arm has aligned accesses only: with addresses and lengths
 * that are multiples of two words, there are no others. */
#include <stdint.h>
#include <string.h>

#include "words.h"

#define INLINE __attribute__((always_inline)) static inline

typedef uintptr_t __attribute__((may_alias)) word;
typedef uintptr_t __attribute__((may_alias, aligned(1))) any_word;  /* at any address */
typedef uintptr_t __attribute__((vector_size(2 * sizeof(uintptr_t)), may_alias, aligned(1)))
    any_pair;
typedef uint32_t __attribute__((may_alias, aligned(1))) any_32;
typedef uint16_t __attribute__((may_alias, aligned(1))) any_16;

#define WORD sizeof(word)
#define WORD_BITS (8 * WORD)
#define BLOCK 8                                 /* words that are in registers at one time */
#define EACH_WORD _Pragma("GCC unroll 8")
#define LOADED __asm__ volatile ("" : : : "memory")     /* no store moves before a load */
#define ONES (~(word)0 / 0xff)                  /* 0x01 in each byte */

INLINE size_t misalignment(const void *address) {
    return (uintptr_t)address % WORD;
}

/* Not 0 if a byte of the word is; the lowest bit that is set is in the first such byte. */
INLINE word zero_bytes(word value) {
    return (value - ONES) & ~value & (ONES << 7);
}

INLINE word load(const unsigned char *from) {
    return ARCH_WORDS_ANYWHERE ? *(const any_word *)from : *(const word *)from;
}

INLINE void store(unsigned char *to, word value) {
    if (ARCH_WORDS_ANYWHERE) {
        *(any_word *)to = value;
    } else {
        *(word *)to = value;
    }
}

/* `words` is a constant. All loads come before all stores, so the sides may overlap. */
INLINE void copy_words(unsigned char *to, const unsigned char *from, unsigned words) {
    word held[BLOCK];
    EACH_WORD for (unsigned i = 0; i < words; i++) {
        held[i] = load(from + i * WORD);
    }
    LOADED;
    EACH_WORD for (unsigned i = 0; i < words; i++) {
        store(to + i * WORD, held[i]);
    }
}

/* From `words` words to twice as many: the first and the last, which may share some. */
INLINE void copy_ends(unsigned char *to, const unsigned char *from, size_t count, unsigned words) {
    word first[BLOCK / 2], last[BLOCK / 2];
    size_t rest = count - words * WORD;
    EACH_WORD for (unsigned i = 0; i < words; i++) {
        first[i] = load(from + i * WORD);
        last[i] = load(from + rest + i * WORD);
    }
    LOADED;
    EACH_WORD for (unsigned i = 0; i < words; i++) {
        store(to + i * WORD, first[i]);
        store(to + rest + i * WORD, last[i]);
    }
}

/* Less than a block, where words can be anywhere. */
INLINE void copy_rest(unsigned char *to, const unsigned char *from, size_t count) {
    if (count >= 2 * WORD) {
        if (count >= 4 * WORD) {
            copy_ends(to, from, count, 4);
        } else {
            copy_ends(to, from, count, 2);
        }
    } else if (count >= WORD) {
        copy_ends(to, from, count, 1);
    } else if (count >= sizeof(uint32_t)) {
        uint32_t first = *(const any_32 *)from;
        uint32_t last = *(const any_32 *)(from + count - sizeof(uint32_t));
        *(any_32 *)to = first;
        *(any_32 *)(to + count - sizeof(uint32_t)) = last;
    } else if (count > 0) {
        unsigned char first = from[0], middle = from[count / 2], last = from[count - 1];
        to[0] = first;
        to[count / 2] = middle;
        to[count - 1] = last;
    }
}

INLINE void copy_bytes(unsigned char *to, const unsigned char *from, size_t count) {
    for (const unsigned char *end = from + count; from != end;) {
        *to++ = *from++;
    }
}

/* Makes words from two neighbours each, as `from` is aligned otherwise than `to`. */
INLINE void copy_shifted(unsigned char *to, const unsigned char *from, size_t count) {
    size_t head = -(uintptr_t)to % WORD;
    copy_bytes(to, from, head);
    to += head;
    from += head;
    count -= head;
    unsigned low_bits = 8 * misalignment(from), high_bits = WORD_BITS - low_bits;
    const word *next = (const word *)(from - misalignment(from));
    word low = *next++;
    for (unsigned char *end = to + count / WORD * WORD; to != end; to += WORD) {
        word high = *next++;
        *(word *)to = low >> low_bits | high << high_bits;
        low = high;
        from += WORD;
    }
    copy_bytes(to, from, count % WORD);
}

/* Upwards: right as well if the sides overlap and `to` is the lower one. */
INLINE void copy_up(unsigned char *to, const unsigned char *from, size_t count) {
    if (ARCH_WORDS_ANYWHERE) {
        if (count < BLOCK * WORD) {
            copy_rest(to, from, count);
            return;
        }
    } else {
        if (count < WORD) {
            copy_bytes(to, from, count);
            return;
        }
        if (misalignment(to) != misalignment(from)) {
            if (count < 3 * WORD) {
                copy_bytes(to, from, count);
            } else {
                copy_shifted(to, from, count);
            }
            return;
        }
        for (; misalignment(to) != 0; count--) {
            *to++ = *from++;
        }
    }
    for (; count >= 2 * BLOCK * WORD; count -= 2 * BLOCK * WORD) {
        copy_words(to, from, BLOCK);
        copy_words(to + BLOCK * WORD, from + BLOCK * WORD, BLOCK);
        to += 2 * BLOCK * WORD;
        from += 2 * BLOCK * WORD;
    }
    if (count >= BLOCK * WORD) {
        copy_words(to, from, BLOCK);
        to += BLOCK * WORD;
        from += BLOCK * WORD;
        count -= BLOCK * WORD;
    }
    if (ARCH_WORDS_ANYWHERE) {
        copy_rest(to, from, count);
        return;
    }
    EACH_WORD for (unsigned words = BLOCK / 2; words > 0; words /= 2) {
        if (count & words * WORD) {
            copy_words(to, from, words);
            to += words * WORD;
            from += words * WORD;
        }
    }
    copy_bytes(to, from, count % WORD);
}

/* Downwards, for sides that overlap. */
INLINE void copy_down(unsigned char *to, const unsigned char *from, size_t count) {
    if (ARCH_WORDS_ANYWHERE || misalignment(to) == misalignment(from)) {
        if (!ARCH_WORDS_ANYWHERE) {
            for (; count > 0 && misalignment(to + count) != 0; count--) {
                to[count - 1] = from[count - 1];
            }
        }
        for (; count >= BLOCK * WORD; count -= BLOCK * WORD) {
            size_t at = count - BLOCK * WORD;
            copy_words(to + at, from + at, BLOCK);
        }
        if (ARCH_WORDS_ANYWHERE) {
            copy_rest(to, from, count);
            return;
        }
        for (; count >= WORD; count -= WORD) {
            copy_words(to + count - WORD, from + count - WORD, 1);
        }
    }
    for (; count > 0; count--) {
        to[count - 1] = from[count - 1];
    }
}

/* Without `restrict`: more than a block of loads at a time would take registers to be saved. */
void *memcpy(void *to, const void *from, size_t count) {
    copy_up(to, from, count);
    return to;
}

void *memmove(void *to, const void *from, size_t count) {
    if ((uintptr_t)to - (uintptr_t)from >= count) {
        copy_up(to, from, count);
    } else {
        copy_down(to, from, count);
    }
    return to;
}

INLINE void set_words(unsigned char *to, word value, unsigned words) {
    if (ARCH_WORDS_ANYWHERE && words % 2 == 0) {
        any_pair pair = {value, value};
        EACH_WORD for (unsigned i = 0; i < words / 2; i++) {
            ((any_pair *)to)[i] = pair;
        }
        return;
    }
    EACH_WORD for (unsigned i = 0; i < words; i++) {
        store(to + i * WORD, value);
    }
}

/* At least a word, where words can be anywhere: from both ends. */
INLINE void set_ends(unsigned char *to, word value, size_t count) {
    unsigned char *end = to + count;
    if (count < 2 * WORD) {
        store(to, value);
        store(end - WORD, value);
        return;
    }
    if (count < 4 * WORD) {
        set_words(to, value, 2);
        set_words(end - 2 * WORD, value, 2);
        return;
    }
    if (count < BLOCK * WORD) {
        set_words(to, value, 4);
        set_words(end - 4 * WORD, value, 4);
        return;
    }
    for (; count > 2 * BLOCK * WORD; count -= 2 * BLOCK * WORD) {
        set_words(to, value, BLOCK);
        set_words(to + BLOCK * WORD, value, BLOCK);
        to += 2 * BLOCK * WORD;
    }
    if (count > BLOCK * WORD) {
        set_words(to, value, BLOCK);
    }
    set_words(end - BLOCK * WORD, value, BLOCK);
}

INLINE void set_bytes(unsigned char *to, unsigned char byte, size_t count) {
    for (const unsigned char *end = to + count; to != end;) {
        *to++ = byte;
    }
}

void *memset(void *start, int value, size_t count) {
    unsigned char *to = start, byte = value;
    if (count < WORD) {
        set_bytes(to, byte, count);
        return start;
    }
    word all = byte;
    if (byte != 0) {
        all *= ONES;
    }
    if (ARCH_WORDS_ANYWHERE) {
        set_ends(to, all, count);
        return start;
    }
    if (misalignment(to) != 0) {
        size_t head = WORD - misalignment(to);
        set_bytes(to, byte, head);
        to += head;
        count -= head;
    }
    for (; count >= BLOCK * WORD; count -= BLOCK * WORD) {
        set_words(to, all, BLOCK);
        to += BLOCK * WORD;
    }
    EACH_WORD for (unsigned words = BLOCK / 2; words > 0; words /= 2) {
        if (count & words * WORD) {
            set_words(to, all, words);
            to += words * WORD;
        }
    }
    set_bytes(to, byte, count % WORD);
    return start;
}

/* Which of two words that differ has the greater byte at the first place where they do. */
INLINE int order(uint64_t a, uint64_t b) {
    return __builtin_bswap64(a) < __builtin_bswap64(b) ? -1 : 1;
}

/* Where words can be anywhere, which are as wide as uint64_t: the last one may begin again. */
INLINE int compare_anywhere(const unsigned char *a, const unsigned char *b, size_t count) {
    if (count >= WORD) {
        for (size_t at = 0;; at = at + 2 * WORD <= count ? at + WORD : count - WORD) {
            word x = load(a + at), y = load(b + at);
            if (x != y) {
                return order(x, y);
            }
            if (at + WORD == count) {
                return 0;
            }
        }
    }
    uint64_t x = 0, y = 0;
    if (count & 4) {
        x = *(const any_32 *)a;
        y = *(const any_32 *)b;
        if (x != y) {
            return order(x, y);
        }
        a += 4;
        b += 4;
    }
    if (count & 2) {
        x = *(const any_16 *)a;
        y = *(const any_16 *)b;
        if (x != y) {
            return order(x, y);
        }
        a += 2;
        b += 2;
    }
    return count & 1 ? *a - *b : 0;
}

int memcmp(const void *left, const void *right, size_t count) {
    const unsigned char *a = left, *b = right;
    if (ARCH_WORDS_ANYWHERE) {
        return compare_anywhere(a, b, count);
    }
    if ((misalignment(a) | misalignment(b)) == 0) {
        for (; count >= WORD && load(a) == load(b); count -= WORD) {
            a += WORD;
            b += WORD;
        }
    }
    for (; count > 0; count--, a++, b++) {
        if (*a != *b) {
            return *a - *b;
        }
    }
    return 0;
}

size_t strlen(const char *text) {
    /* The bytes before the text, in its first word, count as not zero. */
    unsigned before = misalignment(text);
    const word *at = (const word *)(text - before);
    word zeros = zero_bytes(*at | (((word)1 << 8 * before) - 1));
    while (zeros == 0) {
        zeros = zero_bytes(*++at);
    }
    size_t length = (const char *)at - text;
    for (unsigned bits = WORD_BITS / 2; bits >= 8; bits /= 2) {
        if (zeros << (WORD_BITS - bits) == 0) {
            zeros >>= bits;
            length += bits / 8;
        }
    }
    return length;
}

int strcmp(const char *left, const char *right) {
    const unsigned char *a = (const unsigned char *)left, *b = (const unsigned char *)right;
    if ((misalignment(a) | misalignment(b)) == 0) {
        for (; load(a) == load(b); a += WORD, b += WORD) {
            if (zero_bytes(load(a)) != 0) {
                return 0;
            }
        }
    }
    for (; *a == *b; a++, b++) {
        if (*a == 0) {
            return 0;
        }
    }
    return *a - *b;
}

int strncmp(const char *left, const char *right, size_t count) {
    const unsigned char *a = (const unsigned char *)left, *b = (const unsigned char *)right;
    for (; count > 0; count--, a++, b++) {
        if (*a != *b || *a == 0) {
            return *a - *b;
        }
    }
    return 0;
}

char *strcpy(char *to, const char *from) {
    copy_up((unsigned char *)to, (const unsigned char *)from, strlen(from) + 1);
    return to;
}

char *strchr(const char *text, int wanted) {
    for (;; text++) {
        if (*text == (char)wanted) {
            return (char *)text;
        }
        if (*text == 0) {
            return NULL;
        }
    }
}

/* How many characters of `text` come before the first that is, or is not, among `set`. */
INLINE size_t span(const char *text, const char *set, int among) {
    size_t length = 0;
    while (text[length] != 0 && (strchr(set, text[length]) != NULL) == among) {
        length++;
    }
    return length;
}

size_t strspn(const char *text, const char *set) {
    return span(text, set, 1);
}

size_t strcspn(const char *text, const char *set) {
    return span(text, set, 0);
}
