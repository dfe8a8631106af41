/*
 * Minimal: a complete adapter in one C file, to copy and grow.
 *
 * It is its own broker: a session keeps a table of orders in memory and fills a whole order at the quote that crosses
 * it (a market order at the first quote). Where a real adapter would ask its broker, the comment says so.
 */
#include "minimal.h"

#include <sluice/decimal.h>
#include <sluice/helpers.h>
#include <stdlib.h>

#define PLACES 1024u /* of orders, live and final */
#define PROBES 16u   /* an order stands in one of this many places; when all hold live orders, a submit is refused */

typedef struct order {
    uint32_t account, side, type, state; /* state 0: a free place */
    uint64_t instrument;
    char id[32], reference[32]; /* the broker's name for it (here the first reference) and the host's */
    char instrument_id[128];
    sluice_decimal quantity, price, lot_size, tick, fill_price;
    sluice_time placed_at, filled_at;
} order;

struct sluice_session {
    const sluice_host *host;
    uint64_t accounts;
    sluice_time known_since; /* what was handed to us at or after this instant is in the table, or never came */
    order orders[PLACES];
};

static uint32_t first_place(sluice_str id) { /* FNV-1a */
    uint32_t hash = 2166136261u;
    for (uint64_t i = 0; i < id.len; i++) hash = (hash ^ (uint8_t)id.ptr[i]) * 16777619u;
    return hash;
}

static order *find_id(sluice_session *s, uint32_t account, sluice_str id) {
    uint32_t first = id.ptr ? first_place(id) : 0;
    for (uint32_t i = 0; id.ptr && i < PROBES; i++) {
        order *o = &s->orders[(first + i) % PLACES];
        if (!o->state) return NULL; /* a place that was taken never becomes free again, only another order's */
        if (o->account == account && sluice_same(id, o->id)) return o;
    }
    return NULL;
}

static order *find(sluice_session *s, const sluice_order_ref *ref) {
    order *o = find_id(s, ref->account, ref->broker_order_id);
    return o ? o : find_id(s, ref->account, ref->client_reference);
}

static int is_live(const order *o) { return o->state == SLUICE_ORDER_STATE_OPEN; }

static order *free_place(sluice_session *s, sluice_str id) {
    order *oldest = NULL;
    uint32_t first = first_place(id);
    for (uint32_t i = 0; i < PROBES; i++) {
        order *o = &s->orders[(first + i) % PLACES];
        if (!o->state) return o;
        if (!is_live(o) && (!oldest || o->placed_at < oldest->placed_at)) oldest = o;
    }
    if (oldest && oldest->placed_at >= s->known_since) s->known_since = oldest->placed_at + 1; /* soon forgotten */
    return oldest;
}

/* Names what is not taken. Say no to what you do not know; never take it for something like it. */
static const char *unsupported(const sluice_order *o) {
    if (o->order_type != SLUICE_ORDER_TYPE_LIMIT && o->order_type != SLUICE_ORDER_TYPE_MARKET) return "order_type";
    if (o->time_in_force != SLUICE_TIF_DAY) return "time_in_force";
    if (o->order_class != SLUICE_ORDER_CLASS_REGULAR) return "order_class";
    return o->flags & ~SLUICE_ORDER_CLOSING ? "flags" : NULL;
}

/* Names what breaks the instrument's grid. The host has rounded already: an adapter refuses, it never rounds. */
static const char *off_grid(const order *o) {
    int is_limit = o->type == SLUICE_ORDER_TYPE_LIMIT;
    if (!sluice_decimal_is_multiple(o->quantity, o->lot_size) || sluice_decimal_sign(o->quantity) <= 0)
        return "quantity";
    return is_limit && !sluice_decimal_is_multiple(o->price, o->tick) ? "price" : NULL;
}

static sluice_order_ref ref_of(const order *o) {
    sluice_order_ref ref = {.struct_size = sizeof ref, .account = o->account, .broker_order_id = sluice_text(o->id),
                            .client_reference = sluice_text(o->reference)};
    return ref;
}

/* Each accepted token ends here, exactly once. `o` and `why` may be null. */
static sluice_status end(sluice_session *s, sluice_token token, uint32_t outcome, const order *o, uint32_t code,
                         const char *why, const char *field) {
    sluice_result result = {.struct_size = sizeof result, .outcome = outcome};
    sluice_error error = {.struct_size = sizeof error, .code = code, .text = sluice_text(why),
                          .field = sluice_text(field)};
    sluice_order_ref ref;
    if (o) {
        ref = ref_of(o);
        result.order_ref = &ref;
        result.order_state = o->state;
    }
    if (why) result.error = &error;
    s->host->complete(s->host, token, &result);
    return SLUICE_OK;
}

static sluice_status done(sluice_session *s, sluice_token token, uint32_t outcome, const order *o) {
    return end(s, token, outcome, o, 0, NULL, NULL);
}

static sluice_status refuse(sluice_session *s, sluice_token token, uint32_t code, const char *why, const char *field) {
    return end(s, token, SLUICE_OUTCOME_NOT_SENT, NULL, code, why, field);
}

/* News of an order, or its row in the answer to a query. */
static void report(sluice_session *s, sluice_token query, const order *o) {
    sluice_order_update update = {.struct_size = sizeof update, .state = o->state, .ref = ref_of(o)};
    sluice_span span = {&update, 1, sizeof update, 0};
    int filled = o->state == SLUICE_ORDER_STATE_FILLED;
    update.cumulative_quantity = filled ? o->quantity : sluice_decimal_make(0, 0);
    update.leaves_quantity = is_live(o) ? o->quantity : sluice_decimal_make(0, 0);
    if (filled) update.average_price = o->fill_price;
    if (query) s->host->rows(s->host, query, span);
    else s->host->order_update(s->host, span);
}

static void report_trade(sluice_session *s, const order *o) {
    sluice_trade_update trade = {.struct_size = sizeof trade, .kind = SLUICE_TRADE_NEW, .ref = ref_of(o),
                                 .side = o->side, .quantity = o->quantity, .price = o->fill_price,
                                 .trade_time = o->filled_at, .instrument_id = sluice_text(o->instrument_id)};
    sluice_span span = {&trade, 1, sizeof trade, 0};
    trade.execution_id = sluice_text(o->id); /* one execution an order; a real adapter passes the broker's id on */
    s->host->trade_update(s->host, span);
}

static sluice_status on_open(sluice_session *s, sluice_token token) {
    if (!s->known_since) s->known_since = s->host->now(s->host);
    s->host->session_state(s->host, SLUICE_SESSION_READY, SLUICE_TIME_ABSENT, NULL); /* a real adapter logs in first */
    return done(s, token, SLUICE_OUTCOME_OK, NULL);
}

static sluice_status on_close(sluice_session *s, sluice_token token) {
    s->host->session_state(s->host, SLUICE_SESSION_CLOSED, SLUICE_TIME_ABSENT, NULL);
    return done(s, token, SLUICE_OUTCOME_OK, NULL);
}

static void on_destroy(sluice_session *s) { free(s); }

static sluice_status on_submit(sluice_session *s, sluice_token token, const sluice_order *in) {
    if (!in || !in->instrument || in->account >= s->accounts) return SLUICE_ERR_INVALID;
    const sluice_instrument *instrument = in->instrument;
    const char *field = unsupported(in);
    if (field) return refuse(s, token, SLUICE_CODE_UNSUPPORTED, "this value is not taken", field);
    order made = {in->account, in->side, in->order_type, SLUICE_ORDER_STATE_OPEN, instrument->uid, "", "", "",
                  in->quantity, in->price, instrument->lot_size, instrument->tick, {0, 0, 0, 0}, 0, 0};
    made.placed_at = s->host->now(s->host);
    field = off_grid(&made);
    if (field) return refuse(s, token, SLUICE_CODE_INVALID, "no multiple of the instrument's lot size or tick", field);
    if (!sluice_keep(made.reference, sizeof made.reference, in->client_reference)) field = "client_reference";
    if (!sluice_keep(made.instrument_id, sizeof made.instrument_id, instrument->id)) field = "instrument";
    if (field) return refuse(s, token, SLUICE_CODE_INVALID, "absent, or longer than this adapter keeps", field);
    memcpy(made.id, made.reference, sizeof made.id); /* a real adapter learns it from the broker */
    if (find_id(s, in->account, in->client_reference))
        return end(s, token, SLUICE_OUTCOME_UNKNOWN, NULL, SLUICE_CODE_DUPLICATE, "this reference is known", NULL);
    if (s->host->watch_prices(s->host, instrument->id, 1) != SLUICE_OK) /* the first quote follows this call */
        return refuse(s, token, SLUICE_CODE_INSTRUMENT, "the host has no prices of this instrument", "instrument");
    order *place = free_place(s, in->client_reference);
    if (!place) return refuse(s, token, SLUICE_CODE_OTHER, "the table of orders is full", NULL);
    *place = made;
    return done(s, token, SLUICE_OUTCOME_ACCEPTED, place);
}

/* The order to change, or the end of the command: the race against a fill is lost now and then. */
static order *live_order(sluice_session *s, sluice_token token, const sluice_order_ref *ref) {
    order *o = find(s, ref);
    if (o && is_live(o)) return o;
    end(s, token, SLUICE_OUTCOME_REJECTED, o, o ? SLUICE_CODE_ALREADY_FINAL : SLUICE_CODE_NOT_FOUND,
        o ? "the order is final" : "no such order", NULL);
    return NULL;
}

static sluice_status on_modify(sluice_session *s, sluice_token token, const sluice_order_ref *ref,
                               const sluice_changes *changes) {
    if (!ref || !changes) return SLUICE_ERR_INVALID;
    if (changes->fields & ~(SLUICE_CHANGE_QUANTITY | SLUICE_CHANGE_PRICE))
        return refuse(s, token, SLUICE_CODE_UNSUPPORTED, "only quantity and price change", "fields");
    order *o = live_order(s, token, ref);
    if (!o) return SLUICE_OK;
    order changed = *o; /* all or nothing */
    if (changes->fields & SLUICE_CHANGE_QUANTITY) changed.quantity = changes->quantity;
    if (changes->fields & SLUICE_CHANGE_PRICE) changed.price = changes->price;
    const char *field = off_grid(&changed);
    if (field) return refuse(s, token, SLUICE_CODE_INVALID, "no multiple of the instrument's lot size or tick", field);
    if (!sluice_keep(changed.reference, sizeof changed.reference, changes->client_reference))
        return refuse(s, token, SLUICE_CODE_INVALID, "a reference has 1 to 31 bytes", "client_reference");
    *o = changed;
    return done(s, token, SLUICE_OUTCOME_ACCEPTED, o);
}

static sluice_status on_cancel(sluice_session *s, sluice_token token, const sluice_order_ref *ref) {
    if (!ref) return SLUICE_ERR_INVALID;
    order *o = live_order(s, token, ref);
    if (!o) return SLUICE_OK;
    o->state = SLUICE_ORDER_STATE_CANCELED;
    done(s, token, SLUICE_OUTCOME_ACCEPTED, o);
    report(s, 0, o);
    return SLUICE_OK;
}

static sluice_status on_query(sluice_session *s, uint32_t kind, sluice_token token, const sluice_filter *filter) {
    if (kind != SLUICE_QUERY_ORDER && kind != SLUICE_QUERY_ORDERS) return SLUICE_ERR_UNSUPPORTED;
    if (!filter || (kind == SLUICE_QUERY_ORDER && !filter->order_ref)) return SLUICE_ERR_INVALID;
    const order *asked = kind == SLUICE_QUERY_ORDER ? find(s, filter->order_ref) : NULL;
    for (uint32_t i = 0; i < PLACES; i++) {
        const order *o = &s->orders[i];
        if (!o->state || o->account != filter->account || (kind == SLUICE_QUERY_ORDER && o != asked)) continue;
        if (filter->instrument_id.ptr && !sluice_same(filter->instrument_id, o->instrument_id)) continue;
        report(s, token, o);
    }
    return done(s, token, SLUICE_OUTCOME_OK, NULL);
}

static sluice_status on_reconcile(sluice_session *s, sluice_span items) {
    for (uint64_t i = 0; i < items.count; i++) { /* by stride: the host may know a longer element */
        const sluice_reconcile_item *item = (const void *)((const char *)items.ptr + i * items.stride);
        const order *o = find(s, &item->ref);
        if (o && o->state == SLUICE_ORDER_STATE_FILLED) report_trade(s, o); /* the host tells repeats by the id */
        /* The table is the broker's book, so its silence is proof, as far back as it reaches. */
        uint32_t absent = item->written_time >= s->known_since ? SLUICE_OUTCOME_PROVEN_ABSENT
                                                               : SLUICE_OUTCOME_INDETERMINATE;
        done(s, item->token, o ? SLUICE_OUTCOME_FOUND : absent, o);
    }
    return SLUICE_OK;
}

static void on_quote(sluice_session *s, sluice_span quotes) {
    for (uint64_t i = 0; i < quotes.count; i++) {
        const sluice_quote *quote = (const void *)((const char *)quotes.ptr + i * quotes.stride);
        for (order *o = s->orders; o < s->orders + PLACES; o++) {
            if (!is_live(o) || o->instrument != quote->instrument) continue;
            int buys = o->side == SLUICE_SIDE_BUY;
            sluice_decimal price = buys ? quote->ask : quote->bid;
            if (!sluice_decimal_is_valid(price)) price = quote->last; /* no book: the last trade stands for it */
            if (!sluice_decimal_is_valid(price)) continue;
            int distance = o->type == SLUICE_ORDER_TYPE_LIMIT ? sluice_decimal_compare(price, o->price) : 0;
            if (buys ? distance > 0 : distance < 0) continue;
            o->state = SLUICE_ORDER_STATE_FILLED;
            o->fill_price = price;
            o->filled_at = s->host->now(s->host);
            report_trade(s, o);
            report(s, 0, o);
        }
    }
}

static const sluice_session_functions functions = {
    sizeof functions, 0, on_open, on_close, on_destroy, on_submit, sluice_no_submit_batch, on_modify, on_cancel,
    sluice_no_cancel_all, sluice_no_preview, on_query, on_reconcile, sluice_no_timer, on_quote, sluice_no_candle,
    sluice_no_cancelled};

static const sluice_descriptor descriptor = {
    .struct_size = sizeof descriptor,
    .id = SLUICE_TEXT("minimal"),
    .name = SLUICE_TEXT("Minimal"),
    .version = SLUICE_TEXT("1.0.0"),
    .language = SLUICE_TEXT("C"),
    .capabilities = {SLUICE_CAN_SUBMIT | SLUICE_CAN_MODIFY | SLUICE_CAN_CANCEL | SLUICE_CAN_QUERY_ORDERS |
                         SLUICE_CAN_RECONCILE | SLUICE_CONSUMES_PRICES,
                     SLUICE_LOOKUP_BY_CLIENT_REFERENCE | SLUICE_DEDUPES_CLIENT_REFERENCE | SLUICE_STREAMS_REPORTS},
    .config_schema = SLUICE_TEXT("{\"type\":\"object\",\"additionalProperties\":false}"),
    .capability_document = SLUICE_TEXT(
        "{\"combinations\":[{\"order_types\":[\"MARKET\",\"LIMIT\"],\"products\":[\"INTRADAY\",\"DELIVERY\",\"CARRY\","
        "\"MARGIN\",\"CASH\"],\"time_in_force\":[\"DAY\"],\"order_classes\":[\"REGULAR\"]}],"
        "\"modifiable\":[\"quantity\",\"price\"]}"),
    .limits = {sizeof(sluice_limits), 0, 31, 0}};

static const sluice_descriptor *describe(const sluice_module *module) {
    (void)module;
    return &descriptor;
}

static sluice_status session_create(const sluice_module *module, const sluice_host *host,
                                    const sluice_session_options *options, sluice_session **session,
                                    sluice_str *error) {
    (void)module, (void)error;
    if (!host || !options || !session || options->accounts.count == 0) return SLUICE_ERR_INVALID;
    sluice_session *s = calloc(1, sizeof *s);
    if (!s) return SLUICE_ERR_INTERNAL;
    s->host = host;
    s->accounts = options->accounts.count;
    *session = s;
    return SLUICE_OK;
}

static const sluice_module module_ = {sizeof module_, 0, NULL, &functions, describe, session_create,
                                      sluice_no_extension, sluice_no_explanation};

sluice_status minimal_entry(const sluice_hello *hello, sluice_reply *reply) {
    return sluice_negotiate(hello, reply, &module_, "minimal speaks ABI 1.0 with vocabulary 1");
}
