/* How libc/string.c may reach memory. */
#ifndef POLY_ARM64_WORDS_H
#define POLY_ARM64_WORDS_H

/* A word at any address costs what an aligned one does, once the MMU is on. */
#define ARCH_WORDS_ANYWHERE 1

#endif
