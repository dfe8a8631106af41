#define _GNU_SOURCE
#include "cbench.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* ---- allocations -------------------------------------------------------------------------------------------------- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

static _Thread_local uint64_t allocations;

void *malloc(size_t size) {
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    allocations++;
    return __libc_realloc(memory, size);
}

uint64_t cbench_allocations(void) { return allocations; }

/* ---- a call through a pointer ------------------------------------------------------------------------------------- */

static uint64_t add_one(uint64_t value) { return value + 1; }
static uint64_t (*volatile pointer)(uint64_t) = add_one;

uint64_t cbench_pointer_calls(uint64_t count) {
    uint64_t value = 0;
    for (uint64_t i = 0; i < count; i++) value = pointer(value);
    return value;
}

/* ---- names for a profiler ------------------------------------------------------------------------------------------ */

__attribute__((noinline)) void cbench_count_translation(void (*body)(void *), void *context) {
    body(context);
    __asm__ volatile("" ::: "memory"); /* no jump instead of the call: the name has to stand on the stack */
}

__attribute__((noinline)) void cbench_count_parse(void (*body)(void *), void *context) {
    body(context);
    __asm__ volatile("" ::: "memory");
}

/* ---- the host table ----------------------------------------------------------------------------------------------- */

static cbench_heard *heard_by(const sluice_host *host) { return host->host_data; }

static void on_log(const sluice_host *host, uint32_t level, sluice_str text, sluice_span fields) {
    (void)host, (void)level, (void)text, (void)fields;
}

static sluice_time on_now(const sluice_host *host) {
    (void)host;
    return 1764000000000000000;
}

static sluice_status on_random(const sluice_host *host, uint8_t *bytes, uint64_t length) {
    (void)host;
    memset(bytes, 7, length);
    return SLUICE_OK;
}

static sluice_status on_metric(const sluice_host *host, sluice_str name, uint32_t kind, int64_t value) {
    (void)host, (void)name, (void)kind, (void)value;
    return SLUICE_OK;
}

static sluice_status on_timer(const sluice_host *host, int64_t when, uint64_t tag, uint64_t *timer) {
    (void)host, (void)when, (void)tag;
    *timer = 1;
    return SLUICE_OK;
}

static sluice_status on_timer_cancel(const sluice_host *host, uint64_t timer) {
    (void)host, (void)timer;
    return SLUICE_OK;
}

static sluice_status on_get(const sluice_host *host, uint32_t account, uint32_t kind, sluice_str key,
                            sluice_bytes *value) {
    (void)host, (void)account, (void)kind, (void)key, (void)value;
    return SLUICE_ERR_NOT_FOUND;
}

static sluice_status on_put(const sluice_host *host, uint32_t account, uint32_t kind, sluice_str key,
                            sluice_bytes value, int64_t ttl) {
    (void)host, (void)account, (void)kind, (void)key, (void)value, (void)ttl;
    return SLUICE_OK;
}

static sluice_status on_delete(const sluice_host *host, uint32_t account, uint32_t kind, sluice_str key) {
    (void)host, (void)account, (void)kind, (void)key;
    return SLUICE_OK;
}

static sluice_status on_list(const sluice_host *host, uint32_t account, sluice_str prefix, void *context,
                             void (*each)(void *context, sluice_str key, sluice_bytes value)) {
    (void)host, (void)account, (void)prefix, (void)context, (void)each;
    return SLUICE_OK;
}

static sluice_status on_watch(const sluice_host *host, sluice_str instrument, uint32_t on) {
    (void)host, (void)instrument, (void)on;
    return SLUICE_OK;
}

static sluice_status on_state(const sluice_host *host, uint32_t state, sluice_time expires, const sluice_error *error) {
    (void)host, (void)state, (void)expires, (void)error;
    return SLUICE_OK;
}

static sluice_status on_complete(const sluice_host *host, sluice_token token, const sluice_result *result) {
    cbench_heard *heard = heard_by(host);
    heard->completions++;
    heard->accepted += result->outcome == SLUICE_OUTCOME_ACCEPTED;
    heard->last_token = token;
    return SLUICE_OK;
}

static sluice_status on_rows(const sluice_host *host, sluice_token token, sluice_span rows) {
    (void)host, (void)token, (void)rows;
    return SLUICE_OK;
}

static sluice_status on_order_update(const sluice_host *host, sluice_span updates) {
    heard_by(host)->order_updates += updates.count;
    return SLUICE_OK;
}

static sluice_status on_trade_update(const sluice_host *host, sluice_span updates) {
    heard_by(host)->trade_updates += updates.count;
    return SLUICE_OK;
}

static const void *on_extension(const sluice_host *host, sluice_str id) {
    (void)host, (void)id;
    return NULL;
}

sluice_host cbench_host(cbench_heard *heard) {
    sluice_host host = {.struct_size = sizeof host,
                        .host_data = heard,
                        .log = on_log,
                        .now = on_now,
                        .random = on_random,
                        .metric = on_metric,
                        .timer_after = on_timer,
                        .timer_at = on_timer,
                        .timer_cancel = on_timer_cancel,
                        .kv_get = on_get,
                        .kv_put = on_put,
                        .kv_delete = on_delete,
                        .kv_list = on_list,
                        .watch_prices = on_watch,
                        .session_state = on_state,
                        .complete = on_complete,
                        .rows = on_rows,
                        .order_update = on_order_update,
                        .trade_update = on_trade_update,
                        .get_extension = on_extension};
    return host;
}

/* ---- threads ------------------------------------------------------------------------------------------------------ */

int cbench_pin(int core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    for (long i = 0; i < count; i++)
        if (core < 0 || i == core) CPU_SET(i, &cores);
    return sched_setaffinity(0, sizeof cores, &cores);
}

void cbench_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int cbench_thread_id(void) { return gettid(); }

void cbench_sleep_exactly(void) { prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul); }

void cbench_print_at_once(void) { setvbuf(stdout, NULL, _IOLBF, 0); }

int64_t cbench_timeslices(int thread) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", thread);
    FILE *file = fopen(path, "r");
    if (!file) return -1;
    long long running, waiting, slices;
    int found = fscanf(file, "%lld %lld %lld", &running, &waiting, &slices);
    fclose(file);
    return found == 3 ? slices : -1;
}
