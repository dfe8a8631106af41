/*
 * The adapter that the tests drive: what it does with an order is written in the order's run_id, what it does with a
 * query in the filter's instrument. Compiled by the tests with -D flags, which make it right or wrong in one respect.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sluice/adapter.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef ID
#define ID "scripted"
#endif
#ifndef UNITS /* of the bucket "orders", a second and account */
#define UNITS 1000000
#endif
#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef CAPABILITIES
#define CAPABILITIES                                                                                                   \
    (SLUICE_CAN_SUBMIT | SLUICE_CAN_MODIFY | SLUICE_CAN_CANCEL | SLUICE_CAN_CANCEL_ALL | SLUICE_CAN_PREVIEW |          \
     SLUICE_CAN_QUERY_ORDERS | SLUICE_CAN_QUERY_TRADES | SLUICE_CAN_QUERY_POSITIONS | SLUICE_CAN_QUERY_FUNDS |         \
     SLUICE_CAN_QUERY_INSTRUMENTS | SLUICE_CAN_RECONCILE | SLUICE_CONSUMES_PRICES)
#endif
#ifndef MAX_BATCH
#define MAX_BATCH 0
#endif
#ifndef MAX_IN_FLIGHT
#define MAX_IN_FLIGHT 0
#endif

struct sluice_session {
    const sluice_host *host;
    char login[64];
    sluice_token kept[64]; /* tokens to be completed by a timer or never */
    int kept_count;
    sluice_token open_token;
    int64_t quotes, candles;
};

static sluice_str text(const char *words) { return (sluice_str){words, strlen(words)}; }
static int is(sluice_str value, const char *words) {
    return value.ptr && value.len == strlen(words) && !memcmp(value.ptr, words, value.len);
}
static sluice_decimal whole(int64_t value) {
    return (sluice_decimal){(uint64_t)value, value < 0 ? -1 : 0, 0, SLUICE_DECIMAL_PRESENT};
}

static void report(sluice_session *session, const char *name, int64_t value) {
    session->host->metric(session->host, text(name), SLUICE_METRIC_GAUGE, value);
}

static sluice_status complete(sluice_session *session, sluice_token token, uint32_t outcome, uint32_t code,
                              sluice_str broker_id) {
    sluice_order_ref ref = {.struct_size = sizeof ref, .broker_order_id = broker_id};
    sluice_error error = {.struct_size = sizeof error, .code = code, .broker_text = text("the broker says so")};
    sluice_result result = {.struct_size = sizeof result, .outcome = outcome, .order_ref = &ref,
                            .error = code ? &error : NULL, .broker_time = SLUICE_TIME_ABSENT};
    return session->host->complete(session->host, token, &result);
}

static sluice_status accept(sluice_session *session, sluice_token token, const sluice_order *order) {
    return complete(session, token, SLUICE_OUTCOME_ACCEPTED, 0, order->client_reference);
}

static sluice_status fill(sluice_session *session, const sluice_order *order, sluice_decimal quantity, uint32_t side) {
    sluice_fee fees[2] = {{.struct_size = sizeof fees[0], .name = text("fee"), .currency = text("INR"), .amount = whole(3)},
                          {.struct_size = sizeof fees[1], .name = text("tax"), .currency = text("INR"), .amount = whole(4)}};
    sluice_trade_update trade = {
        .struct_size = sizeof trade, .kind = SLUICE_TRADE_NEW, .execution_id = text("E1"), .side = side,
        .instrument_id = order->instrument->id, .quantity = quantity, .price = whole(100),
        .fees = {fees, 2, sizeof fees[0], 0}, .trade_time = session->host->now(session->host)};
    trade.ref.struct_size = sizeof trade.ref;
    trade.ref.account = order->account;
    trade.ref.client_reference = order->client_reference;
    return session->host->trade_update(session->host, (sluice_span){&trade, 1, sizeof trade, 0});
}

static sluice_status news(sluice_session *session, const sluice_order *order, uint32_t state, sluice_decimal filled) {
    sluice_order_update update = {.struct_size = sizeof update, .state = state, .cumulative_quantity = filled,
                                  .broker_time = SLUICE_TIME_ABSENT};
    update.ref.struct_size = sizeof update.ref;
    update.ref.account = order->account;
    update.ref.client_reference = order->client_reference;
    return session->host->order_update(session->host, (sluice_span){&update, 1, sizeof update, 0});
}

struct foreign {
    sluice_session *session;
    sluice_token token;
    const sluice_order *order;
    sluice_status status;
};
static void *from_elsewhere(void *argument) {
    struct foreign *foreign = argument;
    foreign->status = accept(foreign->session, foreign->token, foreign->order);
    return NULL;
}

static void spin(int64_t nanoseconds) {
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - start.tv_sec) * 1000000000ll + now.tv_nsec - start.tv_nsec < nanoseconds);
}

static void listed(void *context, sluice_str key, sluice_bytes value) {
    sluice_session *session = context;
    (void)key;
    (void)value;
    session->kept_count += session->host->now(session->host) == SLUICE_TIME_ABSENT ? 1 : 1000;
}

static sluice_status submit(sluice_session *session, sluice_token token, const sluice_order *order) {
    const sluice_host *host = session->host;
    sluice_str run = order->run_id;
    if (is(run, "accept")) return accept(session, token, order);
    if (is(run, "silent")) return SLUICE_OK;
    if (is(run, "reject")) return complete(session, token, SLUICE_OUTCOME_REJECTED, SLUICE_CODE_FUNDS, (sluice_str){0});
    if (is(run, "duplicate"))
        return complete(session, token, SLUICE_OUTCOME_REJECTED, SLUICE_CODE_DUPLICATE, (sluice_str){0});
    if (is(run, "code77")) return complete(session, token, SLUICE_OUTCOME_REJECTED, 77, (sluice_str){0});
    if (is(run, "network")) return complete(session, token, SLUICE_OUTCOME_NOT_SENT, SLUICE_CODE_NETWORK, (sluice_str){0});
    if (is(run, "throttle"))
        return complete(session, token, SLUICE_OUTCOME_REJECTED, SLUICE_CODE_RATE_LIMITED, (sluice_str){0});
    if (is(run, "status")) return SLUICE_ERR_INVALID;
    if (is(run, "internal")) return SLUICE_ERR_INTERNAL;
    if (is(run, "status-after")) return accept(session, token, order), SLUICE_ERR_INVALID;
    if (is(run, "later") || is(run, "late")) {
        uint64_t timer;
        session->kept[session->kept_count++] = token;
        if (is(run, "later")) host->timer_after(host, 1000000, token, &timer);
        return SLUICE_OK;
    }
    if (is(run, "double")) {
        accept(session, token, order);
        report(session, "status", accept(session, token, order));
        return SLUICE_OK;
    }
    if (is(run, "stray")) {
        report(session, "status", accept(session, token + (1ull << 40), order));
        return accept(session, token, order);
    }
    if (is(run, "thread")) {
        struct foreign foreign = {session, token, order, 0};
        pthread_t thread;
        pthread_create(&thread, NULL, from_elsewhere, &foreign);
        pthread_join(thread, NULL);
        report(session, "status", foreign.status);
        return accept(session, token, order);
    }
    if (is(run, "null")) return report(session, "status", host->complete(host, token, NULL)), SLUICE_OK;
    if (is(run, "short") || is(run, "outcome") || is(run, "utf8") || is(run, "long-id")) {
        static char big[4096];
        memset(big, 'x', sizeof big);
        sluice_order_ref ref = {.struct_size = sizeof ref};
        if (is(run, "utf8")) ref.broker_order_id = (sluice_str){"\xff\xfe", 2};
        if (is(run, "long-id")) ref.broker_order_id = (sluice_str){big, sizeof big};
        sluice_result result = {.struct_size = is(run, "short") ? 8 : sizeof result,
                                .outcome = is(run, "outcome") ? 99 : SLUICE_OUTCOME_ACCEPTED, .order_ref = &ref};
        report(session, "status", host->complete(host, token, &result));
        return SLUICE_OK;
    }
    if (is(run, "fill")) {
        accept(session, token, order);
        report(session, "order", news(session, order, SLUICE_ORDER_STATE_FILLED, order->quantity));
        report(session, "trade", fill(session, order, order->quantity, order->side));
        return SLUICE_OK;
    }
    if (is(run, "fill-first")) {
        fill(session, order, order->quantity, order->side);
        return accept(session, token, order);
    }
    if (is(run, "bad-decimal")) {
        sluice_decimal broken = {5, 0, 99, SLUICE_DECIMAL_PRESENT};
        report(session, "order", news(session, order, SLUICE_ORDER_STATE_OPEN, broken));
        return accept(session, token, order);
    }
    if (is(run, "bad-side")) {
        report(session, "trade", fill(session, order, order->quantity, 7));
        report(session, "negative", fill(session, order, whole(-5), order->side));
        return accept(session, token, order);
    }
    if (is(run, "odd-state")) {
        report(session, "order", news(session, order, 99, order->quantity));
        return accept(session, token, order);
    }
    if (is(run, "bad-span")) {
        static uint64_t memory[512];
        report(session, "stride", host->order_update(host, (sluice_span){memory, 1, 12, 0}));
        report(session, "huge", host->order_update(host, (sluice_span){memory, 1ull << 40, 512, 0}));
        report(session, "null", host->order_update(host, (sluice_span){NULL, 1, 512, 0}));
        report(session, "odd", host->order_update(host, (sluice_span){(char *)memory + 1, 1, 512, 0}));
        report(session, "zero", host->order_update(host, (sluice_span){memory, 1, 512, 0})); /* struct_size 0 */
        report(session, "empty", host->order_update(host, (sluice_span){NULL, 0, 0, 0}));
        return accept(session, token, order);
    }
    if (is(run, "half")) { /* the second of two updates is broken: neither counts */
        sluice_order_update updates[2] = {{.struct_size = sizeof updates[0], .state = SLUICE_ORDER_STATE_OPEN},
                                          {.struct_size = sizeof updates[1], .state = SLUICE_ORDER_STATE_OPEN}};
        updates[0].ref.struct_size = updates[1].ref.struct_size = sizeof updates[0].ref;
        updates[1].ref.account = 77;
        report(session, "order", host->order_update(host, (sluice_span){updates, 2, sizeof updates[0], 0}));
        return accept(session, token, order);
    }
    if (is(run, "timers")) {
        int64_t count = 0;
        uint64_t timer;
        while (host->timer_after(host, 1ll << 50, 0, &timer) == SLUICE_OK) count++;
        for (uint64_t turn = 0; turn < 100000; turn++) { /* cancelled ones must not pile up */
            host->timer_cancel(host, timer);
            if (host->timer_after(host, 1ll << 50, 0, &timer) != SLUICE_OK) count = -1;
        }
        report(session, "count", count);
        return accept(session, token, order);
    }
    if (is(run, "timer-at")) {
        uint64_t timer;
        host->timer_at(host, host->now(host) + 60000000000ll, 1, &timer);
        return accept(session, token, order);
    }
    if (is(run, "kv-quota")) {
        static uint8_t block[65536];
        char key[2] = "a";
        int64_t count = 0;
        sluice_status status;
        do {
            key[0] = (char)(32 + count % 90);
            key[1] = (char)(32 + count / 90);
            status = host->kv_put(host, 0, SLUICE_KV_DURABLE, (sluice_str){key, 2}, (sluice_bytes){block, 65536}, 0);
            count++;
        } while (status == SLUICE_OK && count < 8000);
        report(session, "count", count - 1);
        report(session, "status", status);
        return accept(session, token, order);
    }
    if (is(run, "kv")) {
        sluice_bytes value = {0};
        report(session, "loaded", host->kv_get(host, 0, SLUICE_KV_DURABLE, text("seed"), &value) ? -1 : (int64_t)value.len);
        host->kv_put(host, 0, SLUICE_KV_DURABLE, text("b"), (sluice_bytes){(const uint8_t *)"two", 3}, 0);
        host->kv_put(host, 0, SLUICE_KV_DURABLE, text("a"), (sluice_bytes){(const uint8_t *)"one", 3}, 0);
        host->kv_get(host, 0, SLUICE_KV_DURABLE, text("b"), &value);
        host->kv_delete(host, 0, SLUICE_KV_DURABLE, text("b"));
        report(session, "held", value.len == 3 && !memcmp(value.ptr, "two", 3)); /* valid until the call returns */
        host->kv_put(host, 0, SLUICE_KV_CACHE, text("c"), (sluice_bytes){(const uint8_t *)"x", 1}, 5000000);
        session->kept_count = 0;
        report(session, "list", host->kv_list(host, 0, (sluice_str){0}, session, listed));
        report(session, "listed", session->kept_count);
        session->kept_count = 0;
        report(session, "foreign", host->kv_get(host, 9, SLUICE_KV_DURABLE, text("b"), &value));
        return accept(session, token, order);
    }
    if (is(run, "kv-cached")) {
        sluice_bytes value = {0};
        report(session, "cached", host->kv_get(host, 0, SLUICE_KV_CACHE, text("c"), &value));
        return accept(session, token, order);
    }
    if (is(run, "log")) {
        for (int line = 0; line < 1000; line++) host->log(host, SLUICE_LEVEL_INFO, text("a line\nwith a break"), (sluice_span){0});
        return accept(session, token, order);
    }
    if (is(run, "random")) {
        uint8_t bytes[8] = {0};
        int64_t number;
        report(session, "refused", host->random(host, bytes, 5000));
        host->random(host, bytes, 8);
        memcpy(&number, bytes, 8);
        report(session, "random", number);
        return accept(session, token, order);
    }
    if (is(run, "watch") || is(run, "unwatch")) {
        report(session, "watch", host->watch_prices(host, order->instrument->id, is(run, "watch")));
        report(session, "during", session->quotes);
        report(session, "unknown", host->watch_prices(host, text("NSE:EQ:NOSUCH"), 1));
        return accept(session, token, order);
    }
    if (is(run, "degraded") || is(run, "failed") || is(run, "impossible")) {
        uint32_t state = is(run, "degraded") ? SLUICE_SESSION_DEGRADED : is(run, "failed") ? SLUICE_SESSION_FAILED : 99;
        sluice_error error = {.struct_size = sizeof error, .code = SLUICE_CODE_AUTH_EXPIRED, .text = text("expired")};
        report(session, "state", host->session_state(host, state, SLUICE_TIME_ABSENT, &error));
        return accept(session, token, order);
    }
    if (is(run, "slow")) return spin(3000000), accept(session, token, order);
    if (is(run, "overrun")) return spin(55000000), accept(session, token, order);
    if (run.len > 5 && !memcmp(run.ptr, "hang:", 5)) { /* until a file of that name exists */
        char path[512] = {0};
        memcpy(path, run.ptr + 5, run.len - 5 < 511 ? run.len - 5 : 511);
        while (access(path, F_OK)) spin(100000);
        return accept(session, token, order);
    }
    if (is(run, "echo")) { /* everything of the order, as numbers */
        report(session, "account", order->account);
        report(session, "side", order->side);
        report(session, "type", order->order_type);
        report(session, "product", order->product);
        report(session, "tif", order->time_in_force);
        report(session, "class", order->order_class);
        report(session, "flags", order->flags);
        report(session, "uid", (int64_t)order->instrument->uid);
        report(session, "quantity", (int64_t)order->quantity.low);
        report(session, "price", order->price.flags ? (int64_t)order->price.low * 1000 - order->price.exponent : -1);
        report(session, "trigger", order->trigger_price.flags);
        report(session, "until", order->valid_until);
        report(session, "options", (int64_t)order->options.len);
        report(session, "alias", (int64_t)order->instrument->alias.len);
        report(session, "data", (int64_t)order->instrument->broker_data.len);
        report(session, "id", order->instrument->id.ptr[order->instrument->id.len - 1]);
        return accept(session, token, order);
    }
    return complete(session, token, SLUICE_OUTCOME_NOT_SENT, SLUICE_CODE_UNSUPPORTED, (sluice_str){0});
}

static sluice_status submit_batch(sluice_session *session, sluice_span items) {
    report(session, "batch", (int64_t)items.count);
    for (uint64_t index = 0; index < items.count; index++) {
        const sluice_batch_item *item = (const void *)((const char *)items.ptr + index * items.stride);
        if (is(item->order->run_id, "batch-status")) return SLUICE_ERR_INVALID;
        submit(session, item->token, item->order);
    }
    return SLUICE_OK;
}

static sluice_status modify(sluice_session *session, sluice_token token, const sluice_order_ref *ref,
                            const sluice_changes *changes) {
    (void)ref;
    report(session, "fields", changes->fields);
    report(session, "new_quantity", (int64_t)changes->quantity.low);
    report(session, "acknowledged", ref->order ? (int64_t)ref->order->quantity.low : -1);
    report(session, "state_bytes", (int64_t)ref->adapter_state.len);
    report(session, "new_words", (int64_t)(changes->order_type * 10 + changes->time_in_force));
    report(session, "new_options", (int64_t)changes->options.len);
    return complete(session, token, SLUICE_OUTCOME_ACCEPTED, 0, changes->client_reference);
}

static sluice_status cancel(sluice_session *session, sluice_token token, const sluice_order_ref *ref) {
    if (is(ref->broker_order_id, "gone"))
        return complete(session, token, SLUICE_OUTCOME_REJECTED, SLUICE_CODE_ALREADY_FINAL, (sluice_str){0});
    return complete(session, token, SLUICE_OUTCOME_ACCEPTED, 0, ref->broker_order_id);
}

static sluice_status cancel_all(sluice_session *session, sluice_token token, const sluice_filter *filter) {
    report(session, "cancel_all", filter->account);
    return complete(session, token, SLUICE_OUTCOME_ACCEPTED, 0, (sluice_str){0});
}

static sluice_status preview(sluice_session *session, sluice_token token, sluice_span orders) {
    sluice_margin row = {.struct_size = sizeof row, .currency = text("INR"), .required = whole((int64_t)orders.count)};
    session->host->rows(session->host, token, (sluice_span){&row, 1, sizeof row, 0});
    return complete(session, token, SLUICE_OUTCOME_OK, 0, (sluice_str){0});
}

static sluice_status query(sluice_session *session, uint32_t kind, sluice_token token, const sluice_filter *filter) {
    const sluice_host *host = session->host;
    sluice_str what = filter->instrument_id;
    sluice_str next = {0};
    if (is(what, "NSE:EQ:NEVER")) return SLUICE_OK;
    if (is(what, "NSE:EQ:STATUS")) return SLUICE_ERR_STATE;
    if (is(what, "NSE:EQ:FAIL"))
        return complete(session, token, SLUICE_OUTCOME_REJECTED, SLUICE_CODE_AUTH_EXPIRED, (sluice_str){0});
    if (is(what, "NSE:EQ:EMPTY")) return complete(session, token, SLUICE_OUTCOME_OK, 0, (sluice_str){0});
    if (kind == SLUICE_QUERY_ORDERS || kind == SLUICE_QUERY_ORDER) {
        sluice_order_update rows[2] = {{0}, {0}};
        for (int row = 0; row < 2; row++) {
            rows[row].struct_size = sizeof rows[row];
            rows[row].state = SLUICE_ORDER_STATE_OPEN;
            rows[row].ref.struct_size = sizeof rows[row].ref;
            rows[row].ref.broker_order_id = text(row ? "second" : "first");
            rows[row].broker_time = SLUICE_TIME_ABSENT;
        }
        if (is(what, "NSE:EQ:BADROW")) rows[1].ref.broker_order_id = (sluice_str){"\xc3(", 2};
        report(session, "rows", host->rows(host, token, (sluice_span){rows, 2, sizeof rows[0], 0}));
        if (is(what, "NSE:EQ:LOOP")) next = text("again");
        else if (!filter->cursor.ptr) next = text("page 2");
        else if (is(filter->cursor, "page 2")) next = text("page 3");
        complete(session, token, SLUICE_OUTCOME_OK, 0, next);
        if (is(what, "NSE:EQ:AFTER"))
            report(session, "after", host->rows(host, token, (sluice_span){rows, 2, sizeof rows[0], 0}));
        return SLUICE_OK;
    }
    if (kind == SLUICE_QUERY_FUNDS) {
        sluice_funds row = {.struct_size = sizeof row, .currency = text("INR"), .cash = whole(1000),
                            .as_of = SLUICE_TIME_ABSENT};
        host->rows(host, token, (sluice_span){&row, 1, sizeof row, 0});
    }
    if (kind == SLUICE_QUERY_POSITIONS) {
        sluice_position row = {.struct_size = sizeof row, .instrument_id = text("NSE:EQ:RELIANCE"),
                               .product = SLUICE_PRODUCT_INTRADAY, .quantity = whole(-5)};
        host->rows(host, token, (sluice_span){&row, 1, sizeof row, 0});
    }
    return complete(session, token, SLUICE_OUTCOME_OK, 0, next);
}

static sluice_status reconcile(sluice_session *session, sluice_span items) {
    report(session, "lookups", (int64_t)items.count);
    for (uint64_t index = 0; index < items.count; index++) {
        const sluice_reconcile_item *item = (const void *)((const char *)items.ptr + index * items.stride);
        uint32_t outcome = SLUICE_OUTCOME_INDETERMINATE;
        if (is(item->ref.broker_order_id, "found")) outcome = SLUICE_OUTCOME_FOUND;
        if (is(item->ref.broker_order_id, "absent")) outcome = SLUICE_OUTCOME_PROVEN_ABSENT;
        complete(session, item->token, outcome, 0, item->ref.broker_order_id);
    }
    return SLUICE_OK;
}

static void on_timer(sluice_session *session, uint64_t timer, uint64_t tag) {
    (void)timer;
    report(session, "timer", (int64_t)tag);
    if (tag > 1) complete(session, tag, SLUICE_OUTCOME_ACCEPTED, 0, text("later"));
}
static void on_quote(sluice_session *session, sluice_span quotes) {
    const sluice_quote *last = (const void *)((const char *)quotes.ptr + (quotes.count - 1) * quotes.stride);
    session->quotes += (int64_t)quotes.count;
    report(session, "quotes", session->quotes);
    report(session, "last", (int64_t)last->last.low);
}
static void on_candle(sluice_session *session, sluice_span candles) {
    session->candles += (int64_t)candles.count;
    report(session, "candles", session->candles);
}
static void on_cancelled(sluice_session *session, sluice_token token) {
    report(session, "cancelled", 1);
    for (int index = 0; index < session->kept_count; index++)
        if (session->kept[index] == token)
            report(session, "late", complete(session, token, SLUICE_OUTCOME_ACCEPTED, 0, text("late")));
}

static sluice_status open_session(sluice_session *session, sluice_token token) {
    const sluice_host *host = session->host;
    if (!strcmp(session->login, "bad"))
        return complete(session, token, SLUICE_OUTCOME_REJECTED, SLUICE_CODE_AUTH_REJECTED, (sluice_str){0});
    if (!strcmp(session->login, "mute")) return SLUICE_OK;
    host->session_state(host, SLUICE_SESSION_READY, 1900000000000000000, NULL);
    return complete(session, token, SLUICE_OUTCOME_OK, 0, (sluice_str){0});
}
static sluice_status close_session(sluice_session *session, sluice_token token) {
    const sluice_host *host = session->host;
    if (!strcmp(session->login, "sticky")) return SLUICE_OK;
    for (int index = 0; index < session->kept_count; index++)
        complete(session, session->kept[index], SLUICE_OUTCOME_REJECTED, SLUICE_CODE_MARKET_CLOSED, (sluice_str){0});
    host->session_state(host, SLUICE_SESSION_CLOSED, SLUICE_TIME_ABSENT, NULL);
    return complete(session, token, SLUICE_OUTCOME_OK, 0, (sluice_str){0});
}
static void destroy(sluice_session *session) {
    report(session, "destroyed", 1); /* destroy emits nothing: the host refuses this */
    free(session);
}

static const sluice_session_functions functions = {
    .struct_size = sizeof functions, .open = open_session, .close = close_session, .destroy = destroy,
    .submit = submit, .submit_batch = submit_batch, .modify = modify, .cancel = cancel, .cancel_all = cancel_all,
    .preview = preview, .query = query, .reconcile = reconcile, .on_timer = on_timer, .on_quote = on_quote,
#ifdef NULL_SLOT
    .on_candle = NULL,
#else
    .on_candle = on_candle,
#endif
    .on_cancelled = on_cancelled};

static const sluice_descriptor *describe(const sluice_module *module) {
    static sluice_rate_window windows[1];
    static sluice_rate_bucket buckets[1];
    static sluice_descriptor descriptor;
    (void)module;
    windows[0] = (sluice_rate_window){sizeof windows[0], UNITS, 1000000000};
    buckets[0] = (sluice_rate_bucket){.struct_size = sizeof buckets[0], .id = text("orders"), .scope_key = text("account"),
                                      .windows = {windows, 1, sizeof windows[0], 0}};
    descriptor = (sluice_descriptor){
        .struct_size = sizeof descriptor,
#ifdef DESCRIPTOR_ID
        .id = text(DESCRIPTOR_ID),
#else
        .id = text(ID),
#endif
        .name = text("Scripted"), .version = text(VERSION), .language = text("C"),
        .capabilities = {CAPABILITIES, 0, 0, 0}, .visibility_delay_ns = 1000,
        .rate_buckets = {buckets, 1, sizeof buckets[0], 0},
        .limits = {sizeof descriptor.limits, MAX_BATCH, 18, MAX_IN_FLIGHT}};
    return &descriptor;
}

static sluice_status session_create(const sluice_module *module, const sluice_host *host,
                                    const sluice_session_options *options, sluice_session **session,
                                    sluice_str *error) {
    (void)module;
    if (is(options->login, "refused")) return *error = text("no such login"), SLUICE_ERR_INVALID;
    if (is(options->login, "eager")) host->now(host);
    sluice_session *made = calloc(1, sizeof *made);
    made->host = host;
    memcpy(made->login, options->login.ptr, options->login.len < 63 ? options->login.len : 63);
    *session = made;
    return SLUICE_OK;
}
static const void *get_extension(const sluice_module *module, sluice_str id) {
    (void)module;
    (void)id;
    return NULL;
}
static sluice_str explain(const sluice_module *module, sluice_str code) {
    (void)module;
    return is(code, "RMS") ? text("the broker's risk desk") : (sluice_str){0};
}

static const sluice_module module = {.struct_size = sizeof module, .session = &functions, .describe = describe,
                                     .session_create = session_create, .get_extension = get_extension,
                                     .explain = explain};

#ifdef SLOW_CONSTRUCTOR
__attribute__((constructor)) static void constructed(void) { spin(150000000); }
#endif
#ifdef UNDEFINED_SYMBOL
extern void nobody_defines_this(void);
#endif

#ifndef NO_ENTRY
SLUICE_EXPORT sluice_status sluice_adapter_v1(const sluice_hello *hello, sluice_reply *reply) {
#ifdef UNDEFINED_SYMBOL
    nobody_defines_this();
#endif
    if (hello->magic != SLUICE_MAGIC) return SLUICE_ERR_VERSION;
#ifdef REFUSE
    reply->refusal = SLUICE_REFUSAL_MINOR;
    reply->refusal_text = text("needs minor 7");
    return SLUICE_ERR_VERSION;
#endif
#ifdef REPLY_MINOR
    reply->abi_minor = REPLY_MINOR;
#endif
#ifdef SLOW_ENTRY
    spin(8000000);
#endif
    reply->vocabulary = SLUICE_VOCABULARY;
    reply->module = &module;
    return SLUICE_OK;
}
#endif

#ifdef NOTE_MAJOR /* a note by hand, for a major that the macro cannot say */
__attribute__((section(".note.sluice"), used, aligned(4))) static const struct {
    uint32_t owner_size, descriptor_size, type;
    char owner[8];
    sluice_note_descriptor descriptor;
} note = {7u, sizeof(sluice_note_descriptor), SLUICE_NOTE_TYPE, "sluice\0", {NOTE_MAJOR, 0, ID, VERSION, ""}};
#elif !defined(NO_NOTE)
#ifndef NOTE_ID
#define NOTE_ID ID
#endif
#ifndef NOTE_VERSION
#define NOTE_VERSION VERSION
#endif
#ifndef NOTE_SWIFT
#define NOTE_SWIFT ""
#endif
SLUICE_NOTE(NOTE_ID, NOTE_VERSION, NOTE_SWIFT);
#endif
