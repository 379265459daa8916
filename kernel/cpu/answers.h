/* How soon a busy core answers: bytecodes from the interrupt of an urgent doorbell to
 * the urgent doorbell that this core rings next. Only in the twin image that `make
 * bench` builds for it (COUNTED=1); nowhere else does this cost an instruction. */
#ifndef POLY_ANSWERS_H
#define POLY_ANSWERS_H

#ifdef POLY_COUNTED

/* In the interrupt, masked: an urgent doorbell of this core has arrived. */
void answers_rung(void);

/* This core is about to ring a doorbell of another one. */
void answers_ring(unsigned bell);

#else

static inline void answers_rung(void) {
}

static inline void answers_ring(unsigned bell) {
    (void)bell;
}

#endif
#endif
