/* How libc/string.c may reach memory. */
#ifndef POLY_RISCV_WORDS_H
#define POLY_RISCV_WORDS_H

/* A word that is not aligned may trap, and nothing here would mend that. */
#define ARCH_WORDS_ANYWHERE 0

#endif
