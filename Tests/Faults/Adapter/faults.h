/* The faults F1 to F29 of the catalogue, and what each does in each phase of the walk. */
#ifndef FAULTS_H
#define FAULTS_H

#include "broker.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum verdict { GO, STOP };

/* The order that the fault is about: of a submit its own, later the first one, which is filled, or the second, which rests. */
static int first_order(const moment *m) { return m->phase <= PHASE_FILL && m->order >= 0 ? m->order : 0; }
static int subject(const moment *m) { return m->phase <= PHASE_FILL ? first_order(m) : 1; }
static int is_command(const moment *m) { return m->phase != PHASE_FILL; }

static void hang(broker_book *book) {
    book_store(&book->is_hanging, 1);
    while (!book_load(&book->is_released)) usleep(200);
    book_store(&book->is_hanging, 0);
}

static void garbage(sluice_session *session, const moment *m) {
    const sluice_host *host = session->host;
    int order = session->book->order_count ? subject(m) % (int)session->book->order_count : 0;
    for (int kind = 0; kind < 10; kind++) {
        sluice_order_update update = state_row(session->book, order);
        sluice_trade_update trade = {.struct_size = sizeof trade, .kind = SLUICE_TRADE_NEW, .execution_id = text("junk"),
                                     .side = 7, .quantity = whole(1), .price = whole(1)};
        sluice_span span = {&update, 1, sizeof update, 0};
        switch (kind) {
        case 0: update.struct_size = 8; break;
        case 1: update.cumulative_quantity = whole(-5); break;
        case 2: update.cumulative_quantity.exponent = 99; break;
        case 3: update.cumulative_quantity = (sluice_decimal){~0ull, INT64_MAX, 38, SLUICE_DECIMAL_PRESENT}; break;
        case 4: update.ref.client_reference = (sluice_str){"\xff\xfe", 2}; break;
        case 5: update.ref.broker_order_id = (sluice_str){"unterminated", 1ull << 40}; break;
        case 6: span.stride = 12; break;
        case 7: span.count = 1ull << 40; break;
        case 8: update.ref.account = 77; break;
        default: span.ptr = NULL; break;
        }
        host->order_update(host, span);
        host->trade_update(host, (sluice_span){&trade, 1, sizeof trade, 0});
    }
    host->session_state(host, 99, 0, NULL);
    if (m->phase == PHASE_ACK || m->phase == PHASE_CANCEL || m->phase == PHASE_QUERY) {
        sluice_result result = {.struct_size = 8, .outcome = 99};
        host->complete(host, m->token, &result); /* ends the token: nobody knows as what */
    }
}

struct stranger {
    sluice_session *session;
    moment m;
};
static void *from_elsewhere(void *argument) {
    struct stranger *stranger = argument;
    sluice_session *session = stranger->session;
    for (int turn = 0; turn < 5; turn++) {
        good(session, &stranger->m);
        if (session->book->order_count) tell_as(session, 0, SLUICE_ORDER_STATE_REJECTED, 0);
        say(session, SLUICE_SESSION_FAILED, 0);
    }
    return NULL;
}
static void from_many_threads(sluice_session *session, const moment *m) {
    pthread_t threads[4];
    struct stranger stranger = {session, *m};
    for (int index = 0; index < 4; index++) pthread_create(&threads[index], NULL, from_elsewhere, &stranger);
    for (int index = 0; index < 4; index++) pthread_join(threads[index], NULL);
}

/* Everything that there is to tell, in the call itself. */
static void tell_everything(sluice_session *session) {
    for (uint32_t order = 0; order < session->book->order_count; order++) {
        if (session->book->orders[order].is_void) continue;
        tell_trades(session, (int)order);
        tell_state(session, (int)order);
    }
}

/* The broker ends an order by itself: what it executed of it before. */
static void end_at_broker(sluice_session *session, int order, uint32_t state, int64_t executed) {
    broker_book *book = session->book;
    if (is_live(&book->orders[order])) {
        execute(book, order, executed - book->orders[order].executed);
        book->orders[order].state = state;
    }
}

static sluice_status refuse(sluice_session *session, const moment *m, uint32_t code, int64_t retry_after) {
    return finish(session, m->token, SLUICE_OUTCOME_REJECTED, code, retry_after, NULL);
}

/* ---- before the call does its work ---- */

static enum verdict strike_before(sluice_session *session, moment *m) {
    broker_book *book = session->book;
    m->status = SLUICE_OK;
    switch (book->fault) {
    case 1: case 2: case 6: hang(book); return GO;
    case 3:
        if (m->phase == PHASE_ACK) {
            book->orders[m->order].is_void = 1;
            finish(session, m->token, SLUICE_OUTCOME_NOT_SENT, SLUICE_CODE_NETWORK, 0, NULL);
        } else if (m->phase == PHASE_FILL) {
            execute_all(book);
            say(session, SLUICE_SESSION_DEGRADED, SLUICE_CODE_PROTOCOL);
        } else m->status = SLUICE_ERR_STATE;
        return STOP;
    case 7: garbage(session, m); return GO;
    case 20: case 21: case 22:
        if (book->fault == 22) book->torn_pages = 4;
        if (book->fault == 21)
            for (uint32_t order = 0; order < book->order_count; order++)
                book->orders[order].visible_at = session->host->now(session->host) + 400 * MILLISECOND;
        if (m->phase == PHASE_CANCEL) end_at_broker(session, m->order, SLUICE_ORDER_STATE_CANCELED, 0);
        if (m->phase == PHASE_ACK || m->phase == PHASE_FILL) execute_all(book);
        if (m->phase == PHASE_SUBMIT) {
            int order = book_new(book, m->wanted->client_reference, m->wanted->side, 10, (int64_t)m->wanted->price.low);
            if (book->fault == 21) book->orders[order].visible_at = session->host->now(session->host) + 400 * MILLISECOND;
        }
        /* A list that hides or contradicts is answered all the same. */
        return book->fault != 20 && (m->phase == PHASE_QUERY || m->phase == PHASE_CONNECT || m->phase == PHASE_DISCONNECT)
                   ? GO : STOP;
    case 23:
        if (m->phase == PHASE_ACK || m->phase == PHASE_FILL) execute_all(book);
        say(session, SLUICE_SESSION_FAILED, SLUICE_CODE_AUTH_EXPIRED);
        if (m->phase != PHASE_ACK && m->phase != PHASE_FILL) refuse(session, m, SLUICE_CODE_AUTH_EXPIRED, 0);
        return STOP;
    case 24:
        if (m->phase == PHASE_FILL) return execute_all(book), book->throttled = 2, STOP;
        if (m->phase == PHASE_ACK) book->orders[m->order].is_void = 1;
        refuse(session, m, SLUICE_CODE_RATE_LIMITED, m->phase % 2 ? 700 * MILLISECOND : 0);
        return STOP;
    case 25:
        if (m->phase == PHASE_SUBMIT)
            book_new(book, m->wanted->client_reference, m->wanted->side, 10, (int64_t)m->wanted->price.low);
        if (m->phase == PHASE_CANCEL) end_at_broker(session, m->order, SLUICE_ORDER_STATE_CANCELED, 0);
        book->throttled = 2;
        if (m->phase == PHASE_FILL) return execute_all(book), STOP;
        finish(session, m->token, SLUICE_OUTCOME_UNKNOWN, SLUICE_CODE_BROKER_5XX, 0, NULL);
        if (m->phase == PHASE_CONNECT) say(session, SLUICE_SESSION_FAILED, SLUICE_CODE_BROKER_5XX);
        return STOP;
    case 14:
        if (m->phase == PHASE_CANCEL) {
            execute(book, m->order, 10);
            refuse(session, m, SLUICE_CODE_ALREADY_FINAL, 0);
            later(session, TIMER_LATE, m->order, 1);
            return STOP;
        }
        return GO;
    case 15:
        if (m->phase == PHASE_ACK) {
            end_at_broker(session, m->order, SLUICE_ORDER_STATE_REJECTED, 4);
            tell_trades(session, m->order);
            refuse(session, m, SLUICE_CODE_BROKER_RISK, 0);
            return STOP;
        }
        if (m->phase == PHASE_CANCEL) {
            end_at_broker(session, m->order, SLUICE_ORDER_STATE_REJECTED, 3);
            refuse(session, m, SLUICE_CODE_ALREADY_FINAL, 0);
            tell_trades(session, m->order), tell_state(session, m->order);
            return STOP;
        }
        return GO;
    case 29:
        session->is_stuck = 1;
        return m->phase == PHASE_CONNECT ? GO : STOP;
    default: return GO;
    }
}

/* ---- after it ---- */

static enum verdict strike_after(sluice_session *session, moment *m) {
    broker_book *book = session->book;
    int order = subject(m), trade;
    if (order >= (int)book->order_count) order = -1;
    switch (book->fault) {
    case 4:
        m->status = SLUICE_ERR_STATE;
        if (m->phase == PHASE_ACK) finish(session, m->token, SLUICE_OUTCOME_NOT_SENT, SLUICE_CODE_NETWORK, 0, NULL);
        if (m->phase == PHASE_FILL) execute_part(book, order), tell_trades(session, order), say(session, SLUICE_SESSION_FAILED, SLUICE_CODE_PROTOCOL);
        if (m->phase == PHASE_CONNECT) say(session, SLUICE_SESSION_READY, 0);
        if (m->phase == PHASE_DISCONNECT) say(session, SLUICE_SESSION_CLOSED, 0);
        if (m->phase == PHASE_SUBMIT) later(session, TIMER_FIRST, m->order, 2);
        return STOP;
    case 5:
        if (m->phase % 3 == 0) raise(SIGSEGV);
        if (m->phase % 3 == 1) abort();
        __builtin_trap();
    case 8:
        if (is_command(m)) good(session, m);
        for (int turn = 0; turn < 3; turn++)
            if (session->acks[0] || session->dead_token) finish(session, session->dead_token, SLUICE_OUTCOME_REJECTED, SLUICE_CODE_FUNDS, 0, NULL);
        return GO;
    case 9:
        if (m->phase <= PHASE_FILL) execute_part(book, order);
        for (int turn = 0; turn < 10; turn++) tell_trades(session, first_order(m));
        return GO;
    case 10:
        trade = execute(book, first_order(m), is_live(&book->orders[first_order(m)]) ? 13 : 3);
        tell_trade(session, trade);
        return GO;
    case 11:
        if (m->phase <= PHASE_FILL) execute_all(book);
        else execute(book, order, 3);
        tell_trades(session, order);
        if (m->phase >= PHASE_FILL && session->acks[order]) {
            moment ack = {PHASE_ACK, session->acks[order], order, NULL, 0};
            good(session, &ack);
            session->acks[order] = 0;
        }
        return GO;
    case 12:
        if (m->phase <= PHASE_FILL) execute_all(book);
        else execute(book, order, 2), execute(book, order, 1);
        tell_state(session, order);
        for (int index = (int)book->trade_count - 1; index >= 0; index--)
            if ((int)book->trades[index].order == order) tell_trade(session, index);
        tell_as(session, order, SLUICE_ORDER_STATE_PARTIALLY_FILLED, 2);
        tell_as(session, order, SLUICE_ORDER_STATE_OPEN, 0);
        return GO;
    case 13:
        end_at_broker(session, order, SLUICE_ORDER_STATE_CANCELED, m->phase <= PHASE_FILL ? 4 : 3);
        if (m->phase == PHASE_CANCEL) execute(book, order, 3);
        tell_as(session, order, SLUICE_ORDER_STATE_CANCELED, 0);
        later(session, TIMER_LATE, order, 20);
        return GO;
    case 14:
        if (m->phase <= PHASE_FILL) execute_all(book); /* the test cancels it at this moment */
        else execute(book, order, 10);
        later(session, TIMER_LATE, order, 1);
        return GO;
    case 15:
        end_at_broker(session, order, SLUICE_ORDER_STATE_REJECTED, m->phase <= PHASE_FILL ? 4 : 3);
        tell_trades(session, order), tell_state(session, order);
        return GO;
    case 16:
        if (m->phase == PHASE_SUBMIT) execute_all(book), good(session, m), session->acks[m->order] = 0;
        tell_everything(session);
        return GO;
    case 17: from_many_threads(session, m); return GO;
    case 18: session->dead_token = m->token ? m->token : 1; return GO;
    case 19: {
        int other = book_new(book, text("zstranger000000001"), SLUICE_SIDE_BUY, 7, 50);
        trade = execute(book, other, 7);
        tell_state(session, other), tell_trade(session, trade);
        return GO;
    }
    case 26:
        for (int turn = 0; turn < 20; turn++) {
            say(session, SLUICE_SESSION_DEGRADED, SLUICE_CODE_NETWORK);
            say(session, SLUICE_SESSION_OPENING, 0);
            say(session, SLUICE_SESSION_READY, 0);
        }
        return GO;
    case 28:
        session->leak = malloc(8 << 20);
        if (session->leak) memset(session->leak, 1, 8 << 20);
        for (int index = 0; index < 16; index++) session->files[index] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return GO;
    default: return GO;
    }
}

/* ---- after the end ---- */

static void note_late(broker_book *book, sluice_status status) {
    if (status == SLUICE_OK) book->late_taken++;
    else book->late_refused++;
}

static void *speak_late(void *argument) {
    sluice_session *session = argument;
    broker_book *book = session->book;
    moment m = {book->phase, session->dead_token, 0, NULL, 0};
    switch (book->phase) {
    case PHASE_SUBMIT: case PHASE_ACK: case PHASE_CANCEL: case PHASE_QUERY: note_late(book, good(session, &m)); break;
    case PHASE_FILL: note_late(book, tell_trade(session, 0)); break;
    default:
        note_late(book, session->host->session_state(
                            session->host, book->phase == PHASE_CONNECT ? SLUICE_SESSION_READY : SLUICE_SESSION_CLOSED,
                            SLUICE_TIME_ABSENT, NULL));
    }
    tell_everything(session);
    return NULL;
}
static void strike_at_the_end(sluice_session *session) {
    pthread_t thread;
    if (session->book->fault != 18 || !session->dead_token) return;
    speak_late(session);
    pthread_create(&thread, NULL, speak_late, session);
    pthread_join(thread, NULL);
}

/* A moment of the walk has come. */
static int strikes_now(sluice_session *session, const moment *m) {
    broker_book *book = session->book;
    if (!book->fault || book->phase != m->phase || !book_load(&book->is_armed)) return 0;
    if (m->phase == PHASE_CANCEL && m->order != 1) return 0;
    book_store(&book->is_armed, 0);
    book_store(&book->strikes, book->strikes + 1);
    return 1;
}

#endif
