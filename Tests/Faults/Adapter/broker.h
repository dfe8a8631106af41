/* One session with the broker of the fault table, and what it tells of the broker's books. */
#ifndef BROKER_H
#define BROKER_H

#define _GNU_SOURCE
#include "../CBrokerBook/include/broker_book.h"

#include <sluice/adapter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSTRUMENT "US:EQ:ACME"
#define MILLISECOND 1000000ll

struct sluice_session {
    const sluice_host *host;
    broker_book *book;
    sluice_token acks[BOOK_ORDERS]; /* of submits that are not answered yet */
    int is_stuck;                   /* it does not stop any more */
    int files[16];
    char *leak;
    sluice_token dead_token; /* of the command in which a late caller was wound up */
};

/* A moment in the walk: what the host asks, and for which order. */
typedef struct moment {
    uint32_t phase;
    sluice_token token;
    int order; /* -1 = none yet */
    const sluice_order *wanted;
    sluice_status status; /* what the call returns where the fault ends it */
} moment;

static sluice_str text(const char *words) { return (sluice_str){words, strlen(words)}; }
static sluice_decimal whole(int64_t value) {
    return (sluice_decimal){(uint64_t)value, value < 0 ? -1 : 0, 0, SLUICE_DECIMAL_PRESENT};
}

static int find(const broker_book *book, sluice_str reference) {
    for (uint32_t index = 0; index < book->order_count; index++) {
        const char *known = book->orders[index].reference;
        if (reference.ptr && strlen(known) == reference.len && !memcmp(known, reference.ptr, reference.len))
            return (int)index;
    }
    return -1;
}

static int is_live(const book_order *order) {
    return !order->is_void && (order->state == SLUICE_ORDER_STATE_OPEN || order->state == SLUICE_ORDER_STATE_PARTIALLY_FILLED);
}

/* ---- the broker ---- */

static int book_new(broker_book *book, sluice_str reference, uint32_t side, int64_t quantity, int64_t price) {
    int known = find(book, reference);
    if (known >= 0) return book->orders[known].copies++, book->orders[known].is_void = 0, known;
    if (book->order_count == BOOK_ORDERS || reference.len >= BOOK_TEXT) return 0;
    book_order *order = &book->orders[book->order_count];
    memcpy(order->reference, reference.ptr, reference.len);
    order->quantity = quantity, order->price = price, order->side = side;
    order->state = SLUICE_ORDER_STATE_OPEN, order->copies = 1;
    return (int)book->order_count++;
}

/* Executes `quantity` of an order, whatever its state: what a broker says happened, happened. */
static int execute(broker_book *book, int order, int64_t quantity) {
    if (book->trade_count == BOOK_TRADES || quantity <= 0) return -1;
    book_trade *trade = &book->trades[book->trade_count];
    snprintf(trade->id, sizeof trade->id, "T%d-%u", order, book->trade_count);
    trade->order = (uint32_t)order, trade->quantity = quantity, trade->price = 100;
    book_order *held = &book->orders[order];
    held->executed += quantity;
    if (is_live(held))
        held->state = held->executed >= held->quantity ? SLUICE_ORDER_STATE_FILLED : SLUICE_ORDER_STATE_PARTIALLY_FILLED;
    return (int)book->trade_count++;
}

/* An order at the market is executed in two parts, 4 and the rest. */
static void execute_part(broker_book *book, int order) {
    book_order *held = &book->orders[order];
    if (!is_live(held) || held->price < 100) return;
    execute(book, order, held->executed == 0 && held->quantity > 4 ? 4 : held->quantity - held->executed);
}

/* What the market does while nobody is connected. */
static void execute_all(broker_book *book) {
    for (uint32_t index = 0; index < book->order_count; index++)
        while (is_live(&book->orders[index]) && book->orders[index].price >= 100) execute_part(book, (int)index);
}

/* ---- what is told ---- */

static sluice_status finish(sluice_session *session, sluice_token token, uint32_t outcome, uint32_t code,
                            int64_t retry_after, const char *broker_id) {
    sluice_order_ref ref = {.struct_size = sizeof ref, .broker_order_id = broker_id ? text(broker_id) : (sluice_str){0}};
    sluice_error error = {.struct_size = sizeof error, .code = code, .broker_text = text("the broker says so"),
                          .retry = retry_after ? SLUICE_RETRY_AFTER : 0, .retry_after_ns = retry_after};
    sluice_result result = {.struct_size = sizeof result, .outcome = outcome, .order_ref = broker_id ? &ref : NULL,
                            .error = code ? &error : NULL, .broker_time = SLUICE_TIME_ABSENT};
    return session->host->complete(session->host, token, &result);
}

/* The broker took it: the plain end of a submit, cancel, query, open or close. */
static sluice_status good(sluice_session *session, const moment *m) {
    int is_order = m->phase == PHASE_SUBMIT || m->phase == PHASE_ACK || m->phase == PHASE_FILL || m->phase == PHASE_CANCEL;
    return finish(session, m->token, is_order ? SLUICE_OUTCOME_ACCEPTED : SLUICE_OUTCOME_OK, 0, 0,
                  is_order && m->order >= 0 ? session->book->orders[m->order].reference : NULL);
}

static sluice_trade_update trade_row(const broker_book *book, int trade) {
    const book_trade *held = &book->trades[trade];
    const book_order *order = &book->orders[held->order];
    sluice_trade_update update = {.struct_size = sizeof update, .kind = SLUICE_TRADE_NEW, .execution_id = text(held->id),
                                  .side = order->side, .instrument_id = text(INSTRUMENT),
                                  .quantity = whole(held->quantity), .price = whole(held->price),
                                  .trade_time = SLUICE_TIME_ABSENT};
    update.ref.struct_size = sizeof update.ref;
    update.ref.client_reference = text(order->reference);
    update.ref.broker_order_id = text(order->reference);
    return update;
}

static sluice_status tell_trade(sluice_session *session, int trade) {
    if (trade < 0) return SLUICE_OK;
    sluice_trade_update update = trade_row(session->book, trade);
    return session->host->trade_update(session->host, (sluice_span){&update, 1, sizeof update, 0});
}

static void tell_trades(sluice_session *session, int order) {
    for (uint32_t trade = 0; trade < session->book->trade_count; trade++)
        if ((int)session->book->trades[trade].order == order) tell_trade(session, (int)trade);
}

static sluice_order_update state_row(const broker_book *book, int order) {
    const book_order *held = &book->orders[order];
    sluice_order_update update = {.struct_size = sizeof update, .state = held->state,
                                  .cumulative_quantity = whole(held->executed), .broker_time = SLUICE_TIME_ABSENT};
    update.ref.struct_size = sizeof update.ref;
    update.ref.client_reference = text(held->reference);
    update.ref.broker_order_id = text(held->reference);
    return update;
}

static void tell_as(sluice_session *session, int order, uint32_t state, int64_t executed) {
    sluice_order_update update = state_row(session->book, order);
    update.state = state, update.cumulative_quantity = whole(executed);
    session->host->order_update(session->host, (sluice_span){&update, 1, sizeof update, 0});
}

static void tell_state(sluice_session *session, int order) {
    tell_as(session, order, session->book->orders[order].state, session->book->orders[order].executed);
}

static void say(sluice_session *session, uint32_t state, uint32_t code) {
    sluice_error error = {.struct_size = sizeof error, .code = code, .text = text("so the script says")};
    session->host->session_state(session->host, state, SLUICE_TIME_ABSENT, code ? &error : NULL);
}

/* What timers are for: the kind and the order in one tag. */
enum { TIMER_ACK = 1, TIMER_FIRST, TIMER_REST, TIMER_CANCELED, TIMER_LATE };

static void later(sluice_session *session, int kind, int order, int64_t milliseconds) {
    uint64_t timer;
    session->host->timer_after(session->host, milliseconds * MILLISECOND, (uint64_t)(kind * BOOK_ORDERS + order), &timer);
}

#endif
