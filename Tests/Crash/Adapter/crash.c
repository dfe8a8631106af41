/*
 * The adapter of the crash harness: it carries commands to Tests/Crash/broker.py and news back.
 *
 * A FIXTURE, NOT A MODEL. A real adapter opens no socket and holds no file descriptor: the host does its I/O and so knows
 * what left the machine (adapter.h, first page). This one has a Unix socket of its own, because what is tested is a broker
 * that lives on while the gateway is killed. Plugins/Minimal is the template to copy.
 *
 * One line a message, fields separated by tabs, decimals as "mantissa:exponent". Nothing here waits: commands are written
 * at once, and a timer looks for answers. A command without an answer for REPLY_NS ends as unknown.
 *
 * CHARACTER says what the broker offers to find an order again, and is part of the id: dedupes, lookup or tag.
 */
#define _GNU_SOURCE
#include <sluice/adapter.h>
#include <sluice/decimal.h>
#include <sluice/helpers.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define DEDUPES 1
#define LOOKUP 2
#define TAG 3
#if CHARACTER == DEDUPES
#define ID "crash-dedupes"
#define OFFERS (SLUICE_DEDUPES_CLIENT_REFERENCE | SLUICE_LOOKUP_BY_CLIENT_REFERENCE | SLUICE_STREAMS_REPORTS)
#elif CHARACTER == LOOKUP
#define ID "crash-lookup"
#define OFFERS (SLUICE_LOOKUP_BY_CLIENT_REFERENCE | SLUICE_STREAMS_REPORTS)
#else
#define ID "crash-tag"
#define OFFERS (SLUICE_ECHOES_TAG | SLUICE_STREAMS_REPORTS)
#endif

#define ACCOUNTS 16u
#define PENDING 256u
#define ROOM 65536u
#define FIELDS 20u
#define POLL_NS 3000000
#define REPLY_NS 400000000
#define VISIBILITY_NS 150000000 /* broker.py shows an order at the latest after 120 ms */

typedef struct pending {
    uint64_t sequence; /* 0: a free place */
    sluice_token token;
    char kind; /* the letter of the message */
    uint32_t account;
    sluice_time since;
} pending;

struct sluice_session {
    const sluice_host *host;
    uint32_t accounts;
    char account_ids[ACCOUNTS][64];
    char path[108], login[64];
    int socket;
    uint64_t sequence;
    uint64_t filled;
    pending open[PENDING];
    char received[ROOM];
};

/* ---- text ------------------------------------------------------------------------------------------------------- */

static const char *decimal_text(char room[48], sluice_decimal value) {
    if (!(value.flags & SLUICE_DECIMAL_PRESENT)) return "-";
    snprintf(room, 48, "%lld:%d", (long long)(int64_t)value.low, value.exponent); /* 64 bits are enough here */
    return room;
}

static sluice_decimal decimal_of(const char *text) {
    long long mantissa;
    int exponent;
    if (sscanf(text, "%lld:%d", &mantissa, &exponent) != 2) return (sluice_decimal){0, 0, 0, 0};
    return sluice_decimal_make(mantissa, exponent);
}

static sluice_str text_of(const char *text) { return sluice_text(*text && strcmp(text, "-") ? text : NULL); }
static uint32_t number_of(const char *text) { return (uint32_t)strtoul(text, NULL, 10); }

static uint32_t account_of(sluice_session *s, const char *id) {
    for (uint32_t i = 0; i < s->accounts; i++)
        if (!strcmp(s->account_ids[i], id)) return i;
    return ACCOUNTS;
}

/* A view as zero-terminated text in a room that lives as long as the caller's. */
static const char *kept(char room[128], sluice_str value) { return sluice_keep(room, 128, value) ? room : "-"; }

/* ---- commands --------------------------------------------------------------------------------------------------- */

static void drop_connection(sluice_session *s) {
    if (s->socket >= 0) close(s->socket);
    s->socket = -1;
    s->filled = 0;
}

static int send_line(sluice_session *s, const char *line, int length) {
    if (s->socket < 0 || length <= 0) return 0;
    ssize_t sent = send(s->socket, line, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == length) return 1;
    if (sent > 0) drop_connection(s); /* half a line: the broker throws it away with the connection */
    return 0;
}

static pending *take_place(sluice_session *s, sluice_token token, char kind, uint32_t account) {
    for (uint32_t i = 0; i < PENDING; i++) {
        if (s->open[i].sequence) continue;
        s->open[i] = (pending){++s->sequence, token, kind, account, s->host->now(s->host)};
        return &s->open[i];
    }
    return NULL;
}

static void end(sluice_session *s, sluice_token token, uint32_t outcome, uint32_t code, const char *why) {
    sluice_error error = {.struct_size = sizeof error, .code = code, .text = sluice_text(why)};
    sluice_result result = {.struct_size = sizeof result, .outcome = outcome, .error = code ? &error : NULL};
    s->host->complete(s->host, token, &result);
}

static sluice_status not_sent(sluice_session *s, pending *place, sluice_token token) {
    if (place) place->sequence = 0;
    int is_read = place && place->kind == 'Q', is_look_up = place && place->kind == 'L';
    end(s, token, is_look_up ? SLUICE_OUTCOME_INDETERMINATE : is_read ? SLUICE_OUTCOME_UNKNOWN : SLUICE_OUTCOME_NOT_SENT,
        SLUICE_CODE_NETWORK, "the broker cannot be reached");
    return SLUICE_OK;
}

static sluice_status on_submit(sluice_session *s, sluice_token token, const sluice_order *in) {
    if (!in || !in->instrument || in->account >= s->accounts) return SLUICE_ERR_INVALID;
    pending *place = take_place(s, token, 'S', in->account);
    if (!place) return not_sent(s, NULL, token);
    char line[512], ref[128], symbol[128], quantity[48], price[48];
    struct timespec now; /* not the host's: that one stands still during a call, and V18 is about the instant of sending */
    clock_gettime(CLOCK_REALTIME, &now);
    int length = snprintf(
        line, sizeof line, "S\t%llu\t%s\t%s\t%s\t%u\t%u\t%u\t%u\t%s\t%s\t%lld\n",
        (unsigned long long)place->sequence,
        s->account_ids[in->account], kept(ref, in->client_reference), kept(symbol, in->instrument->id), in->side,
        in->order_type, in->product, in->time_in_force, decimal_text(quantity, in->quantity),
        decimal_text(price, in->price), now.tv_sec * 1000000000LL + now.tv_nsec);
    return send_line(s, line, length) ? SLUICE_OK : not_sent(s, place, token);
}

static sluice_status on_modify(sluice_session *s, sluice_token token, const sluice_order_ref *ref,
                               const sluice_changes *changes) {
    if (!ref || !changes || ref->account >= s->accounts) return SLUICE_ERR_INVALID;
    pending *place = take_place(s, token, 'M', ref->account);
    if (!place) return not_sent(s, NULL, token);
    char line[512], id[128], old[128], new[128], quantity[48], price[48];
    int length = snprintf(
        line, sizeof line, "M\t%llu\t%s\t%s\t%s\t%s\t%s\t%s\n", (unsigned long long)place->sequence,
        s->account_ids[ref->account], kept(id, ref->broker_order_id), kept(old, ref->client_reference),
        kept(new, changes->client_reference),
        changes->fields & SLUICE_CHANGE_QUANTITY ? decimal_text(quantity, changes->quantity) : "-",
        changes->fields & SLUICE_CHANGE_PRICE ? decimal_text(price, changes->price) : "-");
    return send_line(s, line, length) ? SLUICE_OK : not_sent(s, place, token);
}

static sluice_status refer(sluice_session *s, sluice_token token, char kind, const sluice_order_ref *ref) {
    if (ref->account >= s->accounts) return SLUICE_ERR_INVALID;
    pending *place = take_place(s, token, kind, ref->account);
    if (!place) return not_sent(s, NULL, token);
    char line[512], id[128], reference[128];
    int length = snprintf(line, sizeof line, "%c\t%llu\t%s\t%s\t%s\n", kind, (unsigned long long)place->sequence,
                          s->account_ids[ref->account], kept(id, ref->broker_order_id),
                          kept(reference, ref->client_reference));
    return send_line(s, line, length) ? SLUICE_OK : not_sent(s, place, token);
}

static sluice_status on_cancel(sluice_session *s, sluice_token token, const sluice_order_ref *ref) {
    return ref ? refer(s, token, 'C', ref) : SLUICE_ERR_INVALID;
}

static sluice_status on_reconcile(sluice_session *s, sluice_span items) {
    for (uint64_t i = 0; i < items.count; i++) {
        const sluice_reconcile_item *item = (const void *)((const char *)items.ptr + i * items.stride);
        refer(s, item->token, 'L', &item->ref);
    }
    return SLUICE_OK;
}

static sluice_status on_query(sluice_session *s, uint32_t kind, sluice_token token, const sluice_filter *filter) {
    if (!filter || filter->account >= s->accounts) return SLUICE_ERR_INVALID;
    if (kind == SLUICE_QUERY_ORDER && !filter->order_ref) return SLUICE_ERR_INVALID;
    pending *place = take_place(s, token, 'Q', filter->account);
    if (!place) return not_sent(s, NULL, token);
    char line[512], id[128], reference[128];
    const sluice_order_ref *ref = filter->order_ref;
    int length = snprintf(line, sizeof line, "Q\t%llu\t%s\t%u\t%s\t%s\n", (unsigned long long)place->sequence,
                          s->account_ids[filter->account], kind, ref ? kept(id, ref->broker_order_id) : "-",
                          ref ? kept(reference, ref->client_reference) : "-");
    return send_line(s, line, length) ? SLUICE_OK : not_sent(s, place, token);
}

/* ---- answers and news ------------------------------------------------------------------------------------------- */

static pending *find(sluice_session *s, uint64_t sequence) {
    for (uint32_t i = 0; sequence && i < PENDING; i++)
        if (s->open[i].sequence == sequence) return &s->open[i];
    return NULL;
}

static sluice_order_ref reference(uint32_t account, const char *id, const char *ref) {
    sluice_order_ref made = {.struct_size = sizeof made, .account = account, .broker_order_id = text_of(id),
                             .client_reference = text_of(ref)};
    return made;
}

/* O seq account id ref state cumulative leaves average symbol side type product tif quantity price */
static void take_order(sluice_session *s, char **f, const pending *open) {
    uint32_t account = account_of(s, f[2]);
    if (account == ACCOUNTS) return;
    sluice_instrument instrument = {.struct_size = sizeof instrument, .id = text_of(f[9])};
    sluice_order order = {.struct_size = sizeof order, .account = account, .side = number_of(f[10]),
                          .order_type = number_of(f[11]), .product = number_of(f[12]),
                          .time_in_force = number_of(f[13]), .order_class = SLUICE_ORDER_CLASS_REGULAR,
                          .client_reference = text_of(f[4]), .instrument = &instrument, .quantity = decimal_of(f[14]),
                          .price = decimal_of(f[15])};
    sluice_order_update update = {.struct_size = sizeof update, .state = number_of(f[5]),
                                  .ref = reference(account, f[3], f[4]), .cumulative_quantity = decimal_of(f[6]),
                                  .leaves_quantity = decimal_of(f[7]), .average_price = decimal_of(f[8]),
                                  .order = open ? &order : NULL};
    sluice_span span = {&update, 1, sizeof update, 0};
    if (open) s->host->rows(s->host, open->token, span);
    else s->host->order_update(s->host, span);
}

/* T seq account id ref execution side quantity price time symbol */
static void take_trade(sluice_session *s, char **f, const pending *open) {
    uint32_t account = account_of(s, f[2]);
    if (account == ACCOUNTS) return;
    sluice_trade_update trade = {.struct_size = sizeof trade, .kind = SLUICE_TRADE_NEW,
                                 .ref = reference(account, f[3], f[4]), .execution_id = text_of(f[5]),
                                 .side = number_of(f[6]), .instrument_id = text_of(f[10]), .quantity = decimal_of(f[7]),
                                 .price = decimal_of(f[8]), .trade_time = strtoll(f[9], NULL, 10)};
    sluice_span span = {&trade, 1, sizeof trade, 0};
    if (open && open->kind == 'Q') s->host->rows(s->host, open->token, span);
    else s->host->trade_update(s->host, span);
}

static void take_position(sluice_session *s, char **f, const pending *open) {
    sluice_position row = {.struct_size = sizeof row, .account = open->account, .instrument_id = text_of(f[3]),
                           .product = number_of(f[4]), .quantity = decimal_of(f[5]), .average_price = decimal_of(f[6])};
    s->host->rows(s->host, open->token, (sluice_span){&row, 1, sizeof row, 0});
}

static void take_funds(sluice_session *s, char **f, const pending *open) {
    sluice_funds row = {.struct_size = sizeof row, .account = open->account, .currency = text_of(f[3]),
                        .cash = decimal_of(f[4]), .available = decimal_of(f[4]),
                        .used = sluice_decimal_make(0, 0), .equity = decimal_of(f[4]),
                        .as_of = s->host->now(s->host)};
    s->host->rows(s->host, open->token, (sluice_span){&row, 1, sizeof row, 0});
}

/* R seq outcome id ref state code text */
static void take_reply(sluice_session *s, char **f, pending *open) {
    sluice_order_ref ref = reference(open->account, f[3], f[4]);
    sluice_error error = {.struct_size = sizeof error, .code = number_of(f[6]), .broker_text = text_of(f[7])};
    sluice_result result = {.struct_size = sizeof result, .outcome = number_of(f[2]), .order_state = number_of(f[5]),
                            .order_ref = ref.broker_order_id.ptr ? &ref : NULL, .error = error.code ? &error : NULL};
    /* The last order that the broker took, in the commit that carries its answer: the checker compares both. */
    if (open->kind == 'S' && result.outcome == SLUICE_OUTCOME_ACCEPTED)
        s->host->kv_put(s->host, open->account, SLUICE_KV_DURABLE, sluice_text("accepted"),
                        (sluice_bytes){(const uint8_t *)f[4], strlen(f[4])}, 0);
    sluice_token token = open->token;
    open->sequence = 0;
    s->host->complete(s->host, token, &result);
}

static void take_line(sluice_session *s, char *line) {
    char *f[FIELDS];
    uint32_t count = 0;
    for (char *next = line; next && count < FIELDS; count++) {
        f[count] = next;
        next = strchr(next, '\t');
        if (next) *next++ = 0;
    }
    if (count < 3) return;
    uint64_t sequence = strtoull(f[1], NULL, 10);
    pending *open = find(s, sequence);
    if (sequence && !open) return; /* its wait is over */
    switch (f[0][0]) {
    case 'O': if (count >= 16) take_order(s, f, open); break;
    case 'T': if (count >= 11) take_trade(s, f, open); break;
    case 'P': if (open && count >= 7) take_position(s, f, open); break;
    case 'F': if (open && count >= 5) take_funds(s, f, open); break;
    case 'R': if (open && count >= 8) take_reply(s, f, open); break;
    }
}

static void fail(sluice_session *s) {
    sluice_error error = {.struct_size = sizeof error, .code = SLUICE_CODE_NETWORK,
                          .text = sluice_text("the broker closed the connection")};
    drop_connection(s);
    s->host->session_state(s->host, SLUICE_SESSION_FAILED, SLUICE_TIME_ABSENT, &error);
}

static void receive(sluice_session *s) {
    while (s->socket >= 0) {
        ssize_t count = recv(s->socket, s->received + s->filled, ROOM - 1 - s->filled, MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (count <= 0) return fail(s);
        s->filled += (uint64_t)count;
        s->received[s->filled] = 0;
        char *start = s->received, *newline;
        while ((newline = strchr(start, '\n'))) {
            *newline = 0;
            take_line(s, start);
            start = newline + 1;
        }
        s->filled = (uint64_t)(s->received + s->filled - start);
        memmove(s->received, start, s->filled);
        if (s->filled >= ROOM - 1) return fail(s);
    }
}

static void expire(sluice_session *s) {
    sluice_time now = s->host->now(s->host);
    for (uint32_t i = 0; i < PENDING; i++) {
        pending *open = &s->open[i];
        if (!open->sequence || now - open->since < REPLY_NS) continue;
        open->sequence = 0;
        end(s, open->token, open->kind == 'L' ? SLUICE_OUTCOME_INDETERMINATE : SLUICE_OUTCOME_UNKNOWN,
            SLUICE_CODE_TIMEOUT, "no reply in 400 ms");
    }
}

static void arm(sluice_session *s) {
    uint64_t timer;
    s->host->timer_after(s->host, POLL_NS, 1, &timer);
}

static void on_timer(sluice_session *s, uint64_t timer, uint64_t tag) {
    (void)timer, (void)tag;
    receive(s);
    expire(s);
    if (s->socket >= 0) arm(s);
}

/* ---- life ------------------------------------------------------------------------------------------------------- */

static int connect_to(sluice_session *s) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, s->path, sizeof address.sun_path);
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0) return 0;
    if (connect(made, (struct sockaddr *)&address, sizeof address)) {
        close(made);
        return 0;
    }
    s->socket = made;
    char line[2048];
    int length = snprintf(line, sizeof line, "H\t0\t%s", s->login);
    for (uint32_t i = 0; i < s->accounts; i++)
        length += snprintf(line + length, sizeof line - (size_t)length, "\t%s", s->account_ids[i]);
    length += snprintf(line + length, sizeof line - (size_t)length, "\n");
    return send_line(s, line, length);
}

static sluice_status on_open(sluice_session *s, sluice_token token) {
    drop_connection(s);
    if (!connect_to(s)) {
        fail(s);
        end(s, token, SLUICE_OUTCOME_NOT_SENT, SLUICE_CODE_NETWORK, "the broker cannot be reached");
        return SLUICE_OK;
    }
    arm(s);
    s->host->session_state(s->host, SLUICE_SESSION_READY, SLUICE_TIME_ABSENT, NULL);
    end(s, token, SLUICE_OUTCOME_OK, 0, NULL);
    return SLUICE_OK;
}

static sluice_status on_close(sluice_session *s, sluice_token token) {
    drop_connection(s);
    for (uint32_t i = 0; i < PENDING; i++) {
        if (!s->open[i].sequence) continue;
        s->open[i].sequence = 0;
        end(s, s->open[i].token, s->open[i].kind == 'L' ? SLUICE_OUTCOME_INDETERMINATE : SLUICE_OUTCOME_UNKNOWN,
            SLUICE_CODE_NETWORK, "the session was closed");
    }
    s->host->session_state(s->host, SLUICE_SESSION_CLOSED, SLUICE_TIME_ABSENT, NULL);
    end(s, token, SLUICE_OUTCOME_OK, 0, NULL);
    return SLUICE_OK;
}

static void on_destroy(sluice_session *s) {
    drop_connection(s);
    free(s);
}

static const sluice_session_functions functions = {
    sizeof functions, 0, on_open, on_close, on_destroy, on_submit, sluice_no_submit_batch, on_modify, on_cancel,
    sluice_no_cancel_all, sluice_no_preview, on_query, on_reconcile, on_timer, sluice_no_quote, sluice_no_candle,
    sluice_no_cancelled};

static const sluice_descriptor descriptor = {
    .struct_size = sizeof descriptor,
    .id = SLUICE_TEXT(ID),
    .name = SLUICE_TEXT("Crash harness"),
    .version = SLUICE_TEXT("1.0.0"),
    .language = SLUICE_TEXT("C"),
    .capabilities = {SLUICE_CAN_SUBMIT | SLUICE_CAN_MODIFY | SLUICE_CAN_CANCEL | SLUICE_CAN_QUERY_ORDERS |
                         SLUICE_CAN_QUERY_TRADES | SLUICE_CAN_QUERY_POSITIONS | SLUICE_CAN_QUERY_FUNDS |
                         SLUICE_CAN_RECONCILE,
                     OFFERS},
    .visibility_delay_ns = VISIBILITY_NS,
    .config_schema = SLUICE_TEXT(
        "{\"type\":\"object\",\"properties\":{\"socket\":{\"type\":\"string\"}},\"required\":[\"socket\"],"
        "\"additionalProperties\":false}"),
    .capability_document = SLUICE_TEXT(
        "{\"combinations\":[{\"order_types\":[\"MARKET\",\"LIMIT\"],\"products\":[\"CASH\"],"
        "\"time_in_force\":[\"DAY\"],\"order_classes\":[\"REGULAR\"]}],\"modifiable\":[\"quantity\",\"price\"]}"),
    .limits = {sizeof(sluice_limits), 0, 18, PENDING}};

static const sluice_descriptor *describe(const sluice_module *module) {
    (void)module;
    return &descriptor;
}

/* The value of "socket" in the account's config. The schema has been checked; a path with an escape is refused. */
static int read_path(char room[108], sluice_str config) {
    const char key[] = "\"socket\"";
    const char *found = config.ptr ? memmem(config.ptr, config.len, key, sizeof key - 1) : NULL;
    const char *last = config.ptr + config.len;
    if (!found) return 0;
    const char *start = memchr(found + sizeof key - 1, '"', (size_t)(last - found) - (sizeof key - 1));
    const char *stop = start ? memchr(start + 1, '"', (size_t)(last - start - 1)) : NULL;
    if (!stop || stop - start - 1 >= 108 || memchr(start, '\\', (size_t)(stop - start))) return 0;
    memset(room, 0, 108);
    memcpy(room, start + 1, (size_t)(stop - start - 1));
    return 1;
}

static sluice_status session_create(const sluice_module *module, const sluice_host *host,
                                    const sluice_session_options *options, sluice_session **session,
                                    sluice_str *error) {
    (void)module;
    if (!host || !options || !session || options->accounts.count == 0 || options->accounts.count > ACCOUNTS)
        return SLUICE_ERR_INVALID;
    sluice_session *s = calloc(1, sizeof *s);
    if (!s) return SLUICE_ERR_INTERNAL;
    s->host = host;
    s->socket = -1;
    s->accounts = (uint32_t)options->accounts.count;
    if (!sluice_keep(s->login, sizeof s->login, options->login)) memcpy(s->login, "-", 2);
    int is_right = 1;
    for (uint64_t i = 0; i < options->accounts.count; i++) {
        const sluice_account *account =
            (const void *)((const char *)options->accounts.ptr + i * options->accounts.stride);
        is_right &= sluice_keep(s->account_ids[i], sizeof s->account_ids[i], account->id);
        is_right &= read_path(s->path, account->config);
    }
    if (!is_right) {
        free(s);
        if (error) *error = sluice_text("an account id of 64 bytes or more, or no path in config.socket");
        return SLUICE_ERR_INVALID;
    }
    *session = s;
    return SLUICE_OK;
}

static const sluice_module module_ = {sizeof module_, 0, NULL, &functions, describe, session_create,
                                      sluice_no_extension, sluice_no_explanation};

SLUICE_NOTE(ID, "1.0.0", "");
SLUICE_ENTRY(crash_entry) { return sluice_negotiate(hello, reply, &module_, "it speaks ABI 1.0 with vocabulary 1"); }
