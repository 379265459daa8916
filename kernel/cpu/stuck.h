/* Ctrl-C twice where the VM has no turn: one long call of C, such as pow() of huge numbers.
 *
 * Where KeyboardInterrupt is raised the VM has a turn, and in each turn after a Ctrl-C it
 * serves what is urgent. The second Ctrl-C for the program that runs starts a watch: a turn
 * ends it. Without any it says on the console that typed it that the core does not answer,
 * and a while later restarts the core, from the timer's interrupt. */
#ifndef POLY_STUCK_H
#define POLY_STUCK_H

#include <stdbool.h>
#include <stdint.h>

/* From the second Ctrl-C to the restart; said after a quarter of it. 0: never. */
void stuck_restart_after(uint32_t ms);

/* These cores, a bit each, run programs that the same Ctrl-C is for: those that have no turn
 * either are restarted with this one. */
void stuck_with(uint64_t cores);

/* Ctrl-Cs count anew: another program, or one that reads what is typed. */
void stuck_forget(void);

/* One came for what runs here, at this core's own console or the shell's. Masked. */
void stuck_interrupted(bool own_console);

/* The VM has its turn. */
void stuck_answered(void);

/* When the timer is to interrupt, in ticks; 0: not at all. Set in stuck.c only. */
extern uint64_t stuck_deadline;

#endif
