/*
 * The adapter of the fault table: an honest broker whose books are a mapped file, and which meets one fault of the
 * catalogue in one phase (faults.h). Compiled by the tests, once for the account that meets the fault and once, under
 * another id, for the account beside it.
 */
#include "faults.h"

#ifndef ID
#define ID "faulty"
#endif

static sluice_status submit(sluice_session *session, sluice_token token, const sluice_order *order) {
    broker_book *book = session->book;
    moment m = {PHASE_SUBMIT, token, -1, order, SLUICE_OK};
    int strikes = strikes_now(session, &m);
    if (strikes && strike_before(session, &m) == STOP) return m.status;
    m.order = book_new(book, order->client_reference, order->side, (int64_t)order->quantity.low, (int64_t)order->price.low);
    session->acks[m.order] = token;
    if (strikes && strike_after(session, &m) == STOP) return m.status;
    later(session, TIMER_ACK, m.order, 1);
    return SLUICE_OK;
}

/* F11 keeps the answer back until its phase has come. */
static int is_kept_back(const broker_book *book, int order) {
    return book->fault == 11 && ((book->phase == PHASE_FILL && order == 0) || (book->phase > PHASE_FILL && order == 1));
}

static void acknowledge(sluice_session *session, int order) {
    broker_book *book = session->book;
    moment m = {PHASE_ACK, session->acks[order], order, NULL, SLUICE_OK};
    int strikes = strikes_now(session, &m);
    if (strikes && strike_before(session, &m) == STOP) return;
    if (strikes && strike_after(session, &m) == STOP) return;
    if (session->acks[order] && !is_kept_back(book, order)) {
        session->dead_token = session->dead_token ? session->dead_token : session->acks[order];
        good(session, &m);
        session->acks[order] = 0;
        tell_state(session, order);
    }
    if (book->orders[order].price >= 100) later(session, TIMER_FIRST, order, 1);
}

static void fill(sluice_session *session, int order, int kind) {
    broker_book *book = session->book;
    moment m = {PHASE_FILL, session->dead_token, order, NULL, SLUICE_OK};
    int strikes = kind == TIMER_FIRST && strikes_now(session, &m);
    if (strikes && strike_before(session, &m) == STOP) return;
    if (strikes && strike_after(session, &m) == STOP) return;
    execute_part(book, order);
    tell_trades(session, order);
    tell_state(session, order);
    if (is_live(&book->orders[order])) later(session, TIMER_REST, order, 1);
}

static void on_timer(sluice_session *session, uint64_t timer, uint64_t tag) {
    int kind = (int)tag / BOOK_ORDERS, order = (int)tag % BOOK_ORDERS;
    (void)timer;
    switch (kind) {
    case TIMER_ACK: acknowledge(session, order); break;
    case TIMER_FIRST: case TIMER_REST: fill(session, order, kind); break;
    case TIMER_CANCELED: tell_state(session, order); break;
    default: tell_trades(session, order), tell_state(session, order); break;
    }
}

static sluice_status cancel(sluice_session *session, sluice_token token, const sluice_order_ref *ref) {
    broker_book *book = session->book;
    int order = find(book, ref->client_reference);
    moment m = {PHASE_CANCEL, token, order, NULL, SLUICE_OK};
    int strikes = strikes_now(session, &m);
    if (strikes && strike_before(session, &m) == STOP) return m.status;
    if (order < 0 || book->orders[order].is_void) {
        finish(session, token, SLUICE_OUTCOME_REJECTED, SLUICE_CODE_NOT_FOUND, 0, NULL);
        return SLUICE_OK;
    }
    if (strikes && book->fault == 11) strike_after(session, &m), strikes = 0;
    int was_live = is_live(&book->orders[order]);
    if (was_live) book->orders[order].state = SLUICE_ORDER_STATE_CANCELED;
    if (strikes && strike_after(session, &m) == STOP) return m.status;
    if (!was_live) {
        finish(session, token, SLUICE_OUTCOME_REJECTED, SLUICE_CODE_ALREADY_FINAL, 0, NULL);
        return SLUICE_OK;
    }
    good(session, &m);
    later(session, TIMER_CANCELED, order, 1);
    return SLUICE_OK;
}

/* ---- reads ---- */

static int is_shown(sluice_session *session, uint32_t order) {
    const book_order *held = &session->book->orders[order];
    return !held->is_void && held->visible_at <= session->host->now(session->host);
}

static void list_orders(sluice_session *session, sluice_token token) {
    sluice_order_update rows[BOOK_ORDERS];
    sluice_order orders[BOOK_ORDERS];
    sluice_instrument instrument = {.struct_size = sizeof instrument, .id = text(INSTRUMENT), .currency = text("USD")};
    uint64_t count = 0;
    for (uint32_t index = 0; index < session->book->order_count; index++) {
        const book_order *held = &session->book->orders[index];
        if (!is_shown(session, index)) continue;
        orders[count] = (sluice_order){
            .struct_size = sizeof orders[0], .side = held->side, .order_type = SLUICE_ORDER_TYPE_LIMIT,
            .product = SLUICE_PRODUCT_INTRADAY, .time_in_force = SLUICE_TIF_DAY, .order_class = SLUICE_ORDER_CLASS_REGULAR,
            .client_reference = text(held->reference), .instrument = &instrument, .quantity = whole(held->quantity),
            .price = whole(held->price), .valid_until = SLUICE_TIME_ABSENT};
        rows[count] = state_row(session->book, (int)index);
        rows[count].order = &orders[count];
        count++;
    }
    if (session->book->torn_pages && count) { /* two pages of one list: the order that moved is on both, the other on none */
        sluice_order_update torn = rows[0];
        torn.state = SLUICE_ORDER_STATE_OPEN, torn.cumulative_quantity = whole(0);
        session->host->rows(session->host, token, (sluice_span){&torn, 1, sizeof torn, 0});
        count = 1;
    }
    if (count) session->host->rows(session->host, token, (sluice_span){rows, count, sizeof rows[0], 0});
}

static void list_trades(sluice_session *session, sluice_token token) {
    for (uint32_t trade = 0; trade < session->book->trade_count; trade++) {
        if (!is_shown(session, session->book->trades[trade].order)) continue;
        sluice_trade_update row = trade_row(session->book, (int)trade);
        session->host->rows(session->host, token, (sluice_span){&row, 1, sizeof row, 0});
    }
}

static void list_positions(sluice_session *session, sluice_token token) {
    int64_t net = 0;
    for (uint32_t trade = 0; trade < session->book->trade_count; trade++) {
        const book_trade *held = &session->book->trades[trade];
        if (!is_shown(session, held->order)) continue;
        net += session->book->orders[held->order].side == SLUICE_SIDE_BUY ? held->quantity : -held->quantity;
    }
    sluice_position row = {.struct_size = sizeof row, .instrument_id = text(INSTRUMENT),
                           .product = SLUICE_PRODUCT_INTRADAY, .quantity = whole(net)};
    if (net) session->host->rows(session->host, token, (sluice_span){&row, 1, sizeof row, 0});
}

static sluice_status query(sluice_session *session, uint32_t kind, sluice_token token, const sluice_filter *filter) {
    moment m = {PHASE_QUERY, token, -1, NULL, SLUICE_OK};
    int strikes = kind == SLUICE_QUERY_ORDERS && strikes_now(session, &m);
    if (strikes && strike_before(session, &m) == STOP) return m.status;
    if (session->book->throttled && kind != SLUICE_QUERY_FUNDS) {
        session->book->throttled--;
        uint32_t code = session->book->fault == 25 ? SLUICE_CODE_BROKER_5XX : SLUICE_CODE_RATE_LIMITED;
        finish(session, token, SLUICE_OUTCOME_REJECTED, code, 0, NULL);
        return SLUICE_OK;
    }
    if (kind == SLUICE_QUERY_ORDERS || kind == SLUICE_QUERY_ORDER) list_orders(session, token);
    if (kind == SLUICE_QUERY_TRADES) list_trades(session, token);
    if (kind == SLUICE_QUERY_POSITIONS) list_positions(session, token);
    if (kind == SLUICE_QUERY_FUNDS) {
        sluice_funds row = {.struct_size = sizeof row, .currency = text("USD"), .cash = whole(1000000),
                            .available = whole(1000000), .equity = whole(1000000), .as_of = SLUICE_TIME_ABSENT};
        session->host->rows(session->host, token, (sluice_span){&row, 1, sizeof row, 0});
    }
    if (strikes && strike_after(session, &m) == STOP) return m.status;
    int is_torn = kind == SLUICE_QUERY_ORDERS && session->book->torn_pages;
    if (is_torn) session->book->torn_pages--;
    (void)filter;
    finish(session, token, SLUICE_OUTCOME_OK, 0, 0, is_torn && session->book->torn_pages % 2 ? "the page after" : NULL);
    return SLUICE_OK;
}

static sluice_status reconcile(sluice_session *session, sluice_span items) {
    broker_book *book = session->book;
    for (uint64_t index = 0; index < items.count; index++) {
        const sluice_reconcile_item *item = (const void *)((const char *)items.ptr + index * items.stride);
        int order = find(book, item->ref.client_reference);
        if (book->throttled) {
            book->throttled--;
            finish(session, item->token, SLUICE_OUTCOME_INDETERMINATE, SLUICE_CODE_BROKER_5XX, 0, NULL);
        } else if (order < 0 || !is_shown(session, (uint32_t)order)) {
            finish(session, item->token, SLUICE_OUTCOME_PROVEN_ABSENT, 0, 0, NULL);
        } else {
            tell_trades(session, order);
            sluice_order_ref ref = {.struct_size = sizeof ref, .broker_order_id = text(book->orders[order].reference),
                                    .client_reference = text(book->orders[order].reference)};
            sluice_result result = {.struct_size = sizeof result, .outcome = SLUICE_OUTCOME_FOUND,
                                    .order_state = book->orders[order].state, .order_ref = &ref,
                                    .broker_time = SLUICE_TIME_ABSENT};
            session->host->complete(session->host, item->token, &result);
        }
    }
    return SLUICE_OK;
}

/* ---- the session's life ---- */

static sluice_status open_session(sluice_session *session, sluice_token token) {
    moment m = {PHASE_CONNECT, token, -1, NULL, SLUICE_OK};
    int strikes = strikes_now(session, &m);
    session->book->opens++;
    execute_all(session->book);
    if (strikes && strike_before(session, &m) == STOP) return m.status;
    if (strikes && book_load(&session->book->fault) == 26) say(session, SLUICE_SESSION_READY, 0);
    if (strikes && strike_after(session, &m) == STOP) return m.status;
    say(session, SLUICE_SESSION_READY, 0);
    return finish(session, token, SLUICE_OUTCOME_OK, 0, 0, NULL);
}

static sluice_status close_session(sluice_session *session, sluice_token token) {
    moment m = {PHASE_DISCONNECT, token, -1, NULL, SLUICE_OK};
    int strikes = strikes_now(session, &m);
    session->book->closes++;
    if (strikes && strike_before(session, &m) == STOP) return m.status;
    if (session->is_stuck) return SLUICE_OK;
    if (strikes && strike_after(session, &m) == STOP) return m.status;
    say(session, SLUICE_SESSION_CLOSED, 0);
    return finish(session, token, SLUICE_OUTCOME_OK, 0, 0, NULL);
}

static void destroy(sluice_session *session) {
    strike_at_the_end(session);
    for (int index = 0; index < 16; index++)
        if (session->files[index] > 0) close(session->files[index]);
    free(session->leak);
    book_unmap(session->book);
    free(session);
}

static sluice_status modify(sluice_session *session, sluice_token token, const sluice_order_ref *ref,
                            const sluice_changes *changes) {
    (void)session, (void)token, (void)ref, (void)changes;
    return SLUICE_ERR_UNSUPPORTED;
}
static sluice_status cancel_all(sluice_session *session, sluice_token token, const sluice_filter *filter) {
    (void)session, (void)token, (void)filter;
    return SLUICE_ERR_UNSUPPORTED;
}
static sluice_status several(sluice_session *session, sluice_span items) {
    (void)session, (void)items;
    return SLUICE_ERR_UNSUPPORTED;
}
static sluice_status preview(sluice_session *session, sluice_token token, sluice_span items) {
    (void)session, (void)token, (void)items;
    return SLUICE_ERR_UNSUPPORTED;
}
static void on_prices(sluice_session *session, sluice_span prices) { (void)session, (void)prices; }
static void on_cancelled(sluice_session *session, sluice_token token) { (void)session, (void)token; }

/* ---- the module ---- */

static const sluice_session_functions functions = {
    .struct_size = sizeof functions, .open = open_session, .close = close_session, .destroy = destroy,
    .submit = submit, .submit_batch = several, .modify = modify, .cancel = cancel, .cancel_all = cancel_all,
    .preview = preview, .query = query, .reconcile = reconcile, .on_timer = on_timer, .on_quote = on_prices,
    .on_candle = on_prices, .on_cancelled = on_cancelled};

static const sluice_descriptor *describe(const sluice_module *module) {
    static sluice_descriptor descriptor;
    (void)module;
    descriptor = (sluice_descriptor){
        .struct_size = sizeof descriptor, .id = text(ID), .name = text("Faulty"), .version = text("1.0.0"),
        .language = text("C"),
        .capabilities = {SLUICE_CAN_SUBMIT | SLUICE_CAN_CANCEL | SLUICE_CAN_QUERY_ORDERS | SLUICE_CAN_QUERY_TRADES |
                             SLUICE_CAN_QUERY_POSITIONS | SLUICE_CAN_QUERY_FUNDS | SLUICE_CAN_RECONCILE,
                         SLUICE_LOOKUP_BY_CLIENT_REFERENCE | SLUICE_STREAMS_REPORTS, 0, 0},
        .visibility_delay_ns = 500 * MILLISECOND, .limits = {sizeof descriptor.limits, 0, 18, 0}};
    return &descriptor;
}

/* The config is {"book":"/path"}. */
static sluice_status session_create(const sluice_module *module, const sluice_host *host,
                                    const sluice_session_options *options, sluice_session **session, sluice_str *error) {
    (void)module;
    const sluice_account *account = options->accounts.ptr;
    static const char key[] = "\"book\":\"";
    char config[1024] = {0};
    if (account->config.len < sizeof config) memcpy(config, account->config.ptr, account->config.len);
    char *path = strstr(config, key), *end = path ? strchr(path + sizeof key - 1, '"') : NULL;
    if (!end) return *error = text("config.book is missing"), SLUICE_ERR_INVALID;
    *end = 0;
    sluice_session *made = calloc(1, sizeof *made);
    made->host = host;
    made->book = book_map(path + sizeof key - 1);
    if (!made->book) return free(made), *error = text("config.book cannot be mapped"), SLUICE_ERR_INVALID;
    *session = made;
    return SLUICE_OK;
}
static const void *get_extension(const sluice_module *module, sluice_str id) {
    (void)module, (void)id;
    return NULL;
}
static sluice_str explain(const sluice_module *module, sluice_str code) {
    (void)module, (void)code;
    return (sluice_str){0};
}

static const sluice_module module = {.struct_size = sizeof module, .session = &functions, .describe = describe,
                                     .session_create = session_create, .get_extension = get_extension,
                                     .explain = explain};

SLUICE_EXPORT sluice_status sluice_adapter_v1(const sluice_hello *hello, sluice_reply *reply) {
    if (hello->magic != SLUICE_MAGIC) return SLUICE_ERR_VERSION;
    reply->vocabulary = SLUICE_VOCABULARY;
    reply->module = &module;
    return SLUICE_OK;
}

SLUICE_NOTE(ID, "1.0.0", "");
