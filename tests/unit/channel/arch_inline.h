/* Time, for channel.c on the host: poll.c gives it. */
uint64_t arch_ticks(void);
