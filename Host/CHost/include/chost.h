/*
 * What the host needs and Swift cannot say: for the lanes a thread-local "which session is being called", plain atomics on
 * words that the caller owns, and the processor's hint for a short wait; for the process, where its memory comes from.
 */
#ifndef SLUICE_CHOST_H
#define SLUICE_CHOST_H

#include <stdint.h>

/* The lane call that this thread is in. `host` is the address of the session's host table, `core` the host's own state
   behind it. Only compared and handed back, never read through: a late call of an adapter may carry a stale address. */
struct chost_lane {
    const void *host;
    void *core;
};

extern _Thread_local struct chost_lane chost_current_lane;

static inline void chost_lane_enter(const void *host, void *core) {
    chost_current_lane.host = host;
    chost_current_lane.core = core;
}

static inline void chost_lane_leave(void) {
    chost_current_lane.host = 0;
    chost_current_lane.core = 0;
}

/* The state behind `host` while this thread is in a lane call of exactly that session, else null. */
static inline void *chost_lane_core(const void *host) {
    return chost_current_lane.host == host ? chost_current_lane.core : (void *)0;
}

/* Whether this thread is in a lane call of exactly that session in which the host's functions are closed for a moment. */
static inline int chost_lane_is_closed(const void *host) {
    return chost_current_lane.host == host && chost_current_lane.core == 0;
}

static inline uint64_t chost_load(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline uint64_t chost_load_relaxed(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_RELAXED); }
static inline void chost_store(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
static inline void chost_store_relaxed(uint64_t *word, uint64_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}
/* A count that one thread counts up until another freezes it; the top bit says that it is frozen. */
#define CHOST_FROZEN (UINT64_C(1) << 63)

/* Counts one up and says 1, unless it is frozen. */
static inline int chost_claim(uint64_t *count) {
    uint64_t known = __atomic_load_n(count, __ATOMIC_RELAXED);
    while (!(known & CHOST_FROZEN)) {
        if (__atomic_compare_exchange_n(count, &known, known + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) return 1;
    }
    return 0;
}

/* Freezes the count and says where it stands. */
static inline uint64_t chost_freeze(uint64_t *count) {
    return __atomic_fetch_or(count, CHOST_FROZEN, __ATOMIC_ACQ_REL) & ~CHOST_FROZEN;
}

static inline void chost_add(uint64_t *word, uint64_t value) { __atomic_fetch_add(word, value, __ATOMIC_RELAXED); }

/* Tells the processor that the caller spins. */
static inline void chost_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

/* Names the calling thread for debuggers and /proc; at most 15 bytes. */
void chost_name_thread(const char *name);

/* Lets every thread take memory from one heap. An order passes four threads, and what one of them frees the next one takes.
   To be called before the first thread is started; does nothing where the C library has no such choice. */
void chost_share_heap(void);

/* Takes `bytes` for the heap now, in large pages where the kernel gives them to who asks, and keeps what is freed from now
   on: what is taken from it later costs no call and no wait for the kernel. Whole pieces are taken.
   Returns what there is of it; less than asked for where the kernel refused. */
uint64_t chost_reserve_memory(uint64_t bytes);

/* Bytes of a piece, 16 MiB. The largest that glibc takes from the heap and not from the kernel is twice that. */
enum { CHOST_RESERVE_PIECE = 16 << 20 };

#endif /* SLUICE_CHOST_H */
