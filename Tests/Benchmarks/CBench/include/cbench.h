/* What the benchmarks need and Swift cannot say: a count of allocations, a bare call through a pointer, and a host table
   that does nothing but remember, so that an adapter can be called without a host. */
#ifndef SLUICE_CBENCH_H
#define SLUICE_CBENCH_H

#include <sluice/adapter.h>
#include <stdint.h>
#include <sys/epoll.h>

/* Allocations of the calling thread so far: this program's malloc, calloc and realloc count each call and go on to the C
   library's own. Every library of the process is bound to them, the Swift runtime included. */
uint64_t cbench_allocations(void);

/* Calls a function of one argument through a pointer that the compiler cannot see through. Returns the sum. */
uint64_t cbench_pointer_calls(uint64_t count);

/* What an adapter told the host. */
typedef struct cbench_heard {
    uint64_t completions, accepted, order_updates, trade_updates;
    sluice_token last_token;
} cbench_heard;

/* Call `body`, nothing more. They are here for their names, by which a profiler is told what to count (README.md). */
void cbench_count_translation(void (*body)(void *), void *context);
void cbench_count_parse(void (*body)(void *), void *context);

/* A host table whose functions remember in `heard` and answer OK; its clock stands still at `now`. */
sluice_host cbench_host(cbench_heard *heard);

/* The thread that calls runs on this core alone from now on; -1: on any. 0 on success. */
int cbench_pin(int core);

/* Marks the calling thread for /proc; at most 15 bytes. */
void cbench_name_thread(const char *name);

/* Scheduler's count of the times that a thread was given a processor, from /proc; -1 where it is gone. */
int64_t cbench_timeslices(int thread);

int cbench_thread_id(void);

/* The calling thread's sleeps end when they are due, not up to 50 us later. */
void cbench_sleep_exactly(void);

/* Standard output is shown line by line, also where it is a pipe. */
void cbench_print_at_once(void);

#endif
