#define _GNU_SOURCE
#include "chost.h"

#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

_Thread_local struct chost_lane chost_current_lane = {0, 0};

void chost_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

void chost_share_heap(void) {
#ifdef M_ARENA_MAX
    mallopt(M_ARENA_MAX, 1);
#endif
}

#define LARGE_PAGE ((uintptr_t)2 << 20)

uint64_t chost_reserve_memory(uint64_t bytes) {
    size_t count = bytes / CHOST_RESERVE_PIECE, taken = 0;
    void **pieces = count == 0 ? NULL : calloc(count, sizeof *pieces);
    if (pieces == NULL) return 0;
#ifdef M_TRIM_THRESHOLD
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    mallopt(M_MMAP_THRESHOLD, 2 * CHOST_RESERVE_PIECE);
#endif
    for (; taken < count; taken++) {
        void *piece = malloc(CHOST_RESERVE_PIECE);
        if (piece == NULL) break;
        pieces[taken] = piece;
        uintptr_t begin = ((uintptr_t)piece + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
        uintptr_t end = ((uintptr_t)piece + CHOST_RESERVE_PIECE) & ~(LARGE_PAGE - 1);
        /* Where it is refused, pages are small: nothing else changes. */
        if (begin < end) (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
        memset(piece, 0, CHOST_RESERVE_PIECE);
        /* Else the compiler may see that nobody reads what was written. */
        __asm__ __volatile__("" : : "r"(piece) : "memory");
    }
    for (size_t place = 0; place < taken; place++) free(pieces[place]);
    free(pieces);
    return (uint64_t)taken * CHOST_RESERVE_PIECE;
}
