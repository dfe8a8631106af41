/*
 * An adapter with a network, for the tests of the host's services: logs in by redirect, signs its orders, follows a
 * WebSocket. What it does with an order is written in the order's run_id.
 */
#define _GNU_SOURCE
#include <sluice/adapter.h>
#include <sluice/services.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sluice_session {
    const sluice_host *host;
    const sluice_services *services;
    char login[64];
    sluice_token login_token, orders[4096], call;
    char claims[4096]; /* what to say of an order that got no answer */
    uint64_t next_tag, socket;
    sluice_token canceling;
    int cancels;
    int64_t chunks, chunk_bytes;
};

#ifdef ASKS
#define MORE                                                                                                           \
    (SLUICE_CAN_MODIFY_BATCH | SLUICE_CAN_CANCEL_BATCH | SLUICE_ASKS_QUESTIONS | SLUICE_TAKES_CONFIG_CHANGES)
#define CAPABILITIES (SLUICE_CAN_SUBMIT | SLUICE_CAN_MODIFY | SLUICE_CAN_CANCEL)
#define MAX_BATCH 10
#define CONFIG_SCHEMA                                                                                                  \
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"poll\":{\"type\":\"integer\",\"minimum\":1,"        \
    "\"default\":5,\"description\":\"seconds\"}}}"
#else
#define MORE 0
#ifdef BUCKETS /* orders 10 a second, slow and address 1 a second, strict 1 in ten seconds and refusing */
#define CAPABILITIES (SLUICE_CAN_SUBMIT | SLUICE_CAN_CANCEL)
#define ORDERS_A_SECOND 10
#else
#define CAPABILITIES SLUICE_CAN_SUBMIT
#endif
#define MAX_BATCH 0
#define CONFIG_SCHEMA ""
#endif

#ifndef ORDERS_A_SECOND
#define ORDERS_A_SECOND 10000
#endif

#define LOGIN_TAG 1ull
#define CALL_TAG 2ull
#define CANCEL_TAG 10ull
#define FIRST_ORDER_TAG 100ull

static sluice_str text(const char *words) { return (sluice_str){words, strlen(words)}; }
static int is(sluice_str value, const char *words) {
    return value.ptr && value.len == strlen(words) && !memcmp(value.ptr, words, value.len);
}
static void report(sluice_session *session, const char *name, int64_t value) {
    session->host->metric(session->host, text(name), SLUICE_METRIC_GAUGE, value);
}

/* ---- templates ---- */

struct building {
    sluice_node nodes[32];
    uint32_t operands[64];
    uint32_t count, used;
};
static uint32_t node(struct building *t, uint32_t kind, uint32_t format, sluice_str bytes, sluice_handle secret,
                     int64_t number, uint32_t operand_count, const uint32_t *operands) {
    sluice_node *made = &t->nodes[t->count];
    *made = (sluice_node){.struct_size = sizeof *made, .kind = kind, .format = format,
                          .bytes = {(const uint8_t *)bytes.ptr, bytes.len}, .secret = secret, .number = number};
    memcpy(t->operands + t->used, operands, operand_count * sizeof *operands);
    if (operand_count) made->operands = (sluice_span){t->operands + t->used, operand_count, sizeof(uint32_t), 0};
    t->used += operand_count;
    return t->count++;
}
static uint32_t literal(struct building *t, const char *words) {
    return node(t, SLUICE_NODE_LITERAL, 0, text(words), 0, 0, 0, NULL);
}
static uint32_t secret(struct building *t, sluice_handle handle) {
    return node(t, SLUICE_NODE_SECRET, 0, (sluice_str){0}, handle, 0, 0, NULL);
}
static uint32_t one(struct building *t, uint32_t kind, uint32_t format, sluice_handle key, uint32_t operand) {
    return node(t, kind, format, (sluice_str){0}, key, 0, 1, &operand);
}
static uint32_t concat(struct building *t, uint32_t first, uint32_t last) {
    uint32_t operands[32], count = 0;
    for (uint32_t index = first; index <= last; index++) operands[count++] = index;
    return node(t, SLUICE_NODE_CONCAT, 0, (sluice_str){0}, 0, 0, count, operands);
}
static sluice_template made(struct building *t) {
    return (sluice_template){.struct_size = sizeof(sluice_template), .nodes = {t->nodes, t->count, sizeof t->nodes[0], 0}};
}
static sluice_handle handle_of(sluice_session *session, const char *name) {
    sluice_handle handle = 0;
    session->services->secret_open(session->host, 0, text(name), &handle);
    return handle;
}

/* ---- login ---- */

static sluice_status finish(sluice_session *session, sluice_token token, uint32_t outcome, uint32_t code, sluice_str id,
                            sluice_str document) {
    sluice_order_ref ref = {.struct_size = sizeof ref, .broker_order_id = id};
    sluice_error error = {.struct_size = sizeof error, .code = code};
    sluice_result result = {.struct_size = sizeof result, .outcome = outcome, .order_ref = &ref,
                            .error = code ? &error : NULL, .broker_time = SLUICE_TIME_ABSENT, .document = document};
    return session->host->complete(session->host, token, &result);
}

static sluice_status open_session(sluice_session *session, sluice_token token) {
    const sluice_host *host = session->host;
    session->services = host->get_extension(host, text(SLUICE_SERVICES));
    if (!session->services) return SLUICE_ERR_UNSUPPORTED;
    report(session, "stranger", host->get_extension(host, text("org.sluice.none/1")) == NULL);
    if (handle_of(session, "access_token")) {
        sluice_time expires = SLUICE_TIME_ABSENT;
        session->services->secret_expiry(host, 0, text("access_token"), &expires);
        host->session_state(host, SLUICE_SESSION_READY, expires, NULL);
        return finish(session, token, SLUICE_OUTCOME_OK, 0, (sluice_str){0}, (sluice_str){0});
    }
    struct building url = {0};
    literal(&url, "https://login.example/connect?v=3&api_key=");
    secret(&url, handle_of(session, "api_key"));
    concat(&url, 0, 1);
    sluice_challenge_field field = {.struct_size = sizeof field, .is_secret = 1, .name = text("request_token"),
                                    .label = text("Request token")};
    sluice_time until = SLUICE_TIME_ABSENT;
#ifdef PATTERN
    field.pattern = text(PATTERN);
    until = host->now(host) + 60ll * 1000000000ll;
#endif
    sluice_challenge challenge = {.struct_size = sizeof challenge, .kind = SLUICE_CHALLENGE_REDIRECT, .id = text("login"),
                                  .url = made(&url), .prompt = text("Log in at the broker"),
                                  .fields = {&field, 1, sizeof field, 0}, .deadline = until};
    sluice_session_report said = {.struct_size = sizeof said, .state = SLUICE_SESSION_CHALLENGE,
                                  .expires_at = SLUICE_TIME_ABSENT, .renew_at = SLUICE_TIME_ABSENT,
                                  .challenge = &challenge};
    report(session, "challenged", session->services->session_report(host, &said));
    return finish(session, token, SLUICE_OUTCOME_OK, 0, (sluice_str){0}, (sluice_str){0});
}

static sluice_status auth_reply(sluice_session *session, sluice_token token, sluice_str id, sluice_span fields) {
    if (!is(id, "login") || fields.count != 1) return SLUICE_ERR_INVALID;
    const sluice_named_secret *field = fields.ptr;
    sluice_handle key = handle_of(session, "api_key"), hidden = handle_of(session, "api_secret");
    struct building target = {0}, sum = {0}, body = {0};
    literal(&target, "/session/token");
    secret(&sum, key), secret(&sum, field->handle), secret(&sum, hidden);
    one(&sum, SLUICE_NODE_ENCODE, SLUICE_ENCODE_HEX, 0,
        one(&sum, SLUICE_NODE_DIGEST, SLUICE_HASH_SHA256, 0, concat(&sum, 0, 2)));
    literal(&body, "api_key="), secret(&body, key), literal(&body, "&request_token="), secret(&body, field->handle);
    literal(&body, "&checksum=");
    node(&body, SLUICE_NODE_SLOT, SLUICE_SLOT_VALUE, (sluice_str){0}, 0, 0, 0, NULL);
    concat(&body, 0, 5);
    sluice_template values = made(&sum);
    sluice_capture capture = {.struct_size = sizeof capture, .source = SLUICE_CAPTURE_JSON,
                              .pointer = text("/data/access_token"), .secret = text("access_token"),
                              .expires_at = SLUICE_TIME_ABSENT};
    sluice_request request = {.struct_size = sizeof request, .effect = SLUICE_EFFECT_SESSION, .tag = LOGIN_TAG,
                              .tokens = {&token, 1, sizeof token, 0}, .endpoint = text("rest"), .method = text("POST"),
                              .values = {&values, 1, sizeof values, 0}, .target = made(&target), .body = made(&body),
                              .captures = {&capture, 1, sizeof capture, 0}, .not_after = SLUICE_TIME_ABSENT};
    session->login_token = token;
    return session->services->http_send(session->host, &request);
}

/* Whether the day's token can be seen in an answer. */
static int leaks(const sluice_answer *answer) {
    if (answer->body.len && memmem(answer->body.ptr, answer->body.len, "t0ken", 5)) return 1;
    for (uint64_t index = 0; index < answer->headers.count; index++) {
        const sluice_field *field = (const void *)((const char *)answer->headers.ptr + index * answer->headers.stride);
        if (field->value.len && memmem(field->value.ptr, field->value.len, "t0ken", 5)) return 1;
    }
    return answer->transport.text.len && memmem(answer->transport.text.ptr, answer->transport.text.len, "t0ken", 5);
}

static void logged_in(sluice_session *session, const sluice_answer *answer) {
    const sluice_host *host = session->host;
    report(session, "login_status", answer->status);
    report(session, "login_body", (int64_t)answer->body.len);
    report(session, "login_leaks", leaks(answer));
    report(session, "login_told", (int64_t)answer->transport.text.len);
    report(session, "login_tries", answer->transport.tries);
    report(session, "login_stars", answer->body.len && memmem(answer->body.ptr, answer->body.len, "***", 3) != NULL);
    if (answer->status != 200 || answer->captured.count != 1) {
        host->session_state(host, SLUICE_SESSION_FAILED, SLUICE_TIME_ABSENT, NULL);
        finish(session, session->login_token, SLUICE_OUTCOME_REJECTED, SLUICE_CODE_AUTH_REJECTED, (sluice_str){0},
               (sluice_str){0});
        return;
    }
    const sluice_named_secret *captured = answer->captured.ptr;
    sluice_time expires = host->now(host) + 3600ll * 1000000000ll;
    report(session, "stored",
           session->services->secret_store(host, 0, text("access_token"), captured->handle, expires));
#ifdef NARROWED
    sluice_session_report said = {.struct_size = sizeof said, .state = SLUICE_SESSION_READY, .expires_at = expires,
                                  .renew_at = SLUICE_TIME_ABSENT, .capability_document = text(NARROWED)};
    report(session, "narrowed", session->services->session_report(host, &said));
#else
    host->session_state(host, SLUICE_SESSION_READY, expires, NULL);
#endif
    finish(session, session->login_token, SLUICE_OUTCOME_OK, 0, (sluice_str){0}, (sluice_str){0});
}

/* ---- orders ---- */

#ifdef ASKS
static sluice_status ask(sluice_session *session, sluice_token token, const sluice_order *order, const char *id);
#endif

static sluice_status submit(sluice_session *session, sluice_token token, const sluice_order *order) {
    const sluice_services *services = session->services;
#ifdef ASKS
#ifdef ASKS_ALWAYS
    int asks = 1;
#else
    int asks = order->run_id.len >= 3 && !memcmp(order->run_id.ptr, "ask", 3);
#endif
    if (asks) return ask(session, token, order, "q1");
#endif
    sluice_handle hidden = handle_of(session, "api_secret");
    struct building target = {0}, body = {0}, sign = {0}, authorization = {0}, stamp = {0};
    char words[128];
    snprintf(words, sizeof words, "quantity=%lld&run=%.*s&tag=%.*s", (long long)order->quantity.low,
             (int)order->run_id.len, order->run_id.ptr, (int)order->client_reference.len, order->client_reference.ptr);
    literal(&target, "/orders/regular"), literal(&body, words);
    one(&sign, SLUICE_NODE_ENCODE, SLUICE_ENCODE_HEX, 0,
        one(&sign, SLUICE_NODE_HMAC, SLUICE_HASH_SHA256, hidden,
            node(&sign, SLUICE_NODE_SLOT, SLUICE_SLOT_BODY, (sluice_str){0}, 0, 0, 0, NULL)));
    literal(&authorization, "token "), secret(&authorization, handle_of(session, "api_key"));
    literal(&authorization, ":"), secret(&authorization, handle_of(session, "access_token"));
    concat(&authorization, 0, 3);
    node(&stamp, SLUICE_NODE_NONCE, SLUICE_NOW_MILLISECONDS, (sluice_str){0}, 0, 0, 0, NULL);
    sluice_header headers[3] = {
        {.struct_size = sizeof headers[0], .name = text("Authorization"), .value = made(&authorization)},
        {.struct_size = sizeof headers[0], .name = text("X-Sign"), .value = made(&sign)},
        {.struct_size = sizeof headers[0], .name = text("X-Nonce"), .value = made(&stamp)}};
    sluice_cost costs[2] = {{.struct_size = sizeof costs[0], .units = 1, .bucket = text("orders")},
                            {.struct_size = sizeof costs[0], .units = 1, .bucket = text("strict")}};
    uint64_t tag = session->next_tag++;
    sluice_request request = {
        .struct_size = sizeof request, .effect = SLUICE_EFFECT_MUTATION, .tag = tag, .tokens = {&token, 1, sizeof token, 0},
        .endpoint = text("rest"), .method = text("POST"), .target = made(&target), .headers = {headers, 3, sizeof headers[0], 0},
        .body = made(&body), .costs = {costs, 1, sizeof costs[0], 0}, .not_after = SLUICE_TIME_ABSENT,
        .first_byte_timeout_ns = 300000000, .total_timeout_ns = 20000000000};
    session->orders[tag % 4096] = token;
    session->claims[tag % 4096] = is(order->run_id, "claim-not-sent") ? 'n' : is(order->run_id, "claim-accepted") ? 'a' : 'r';
    if (is(order->run_id, "nowhere")) request.endpoint = text("elsewhere");
    if (is(order->run_id, "host")) request.host = text("evil.example");
    if (is(order->run_id, "later-slot")) request.body = made(&sign);
    if (is(order->run_id, "no-bucket")) costs[0].bucket = text("none");
    if (order->run_id.len >= 4 && !memcmp(order->run_id.ptr, "slow", 4)) costs[0].bucket = text("slow");
    if (is(order->run_id, "address")) costs[0].bucket = text("address"), costs[0].scope = text("192.0.2.7");
    if (is(order->run_id, "slow-replay")) request.flags = SLUICE_REQUEST_REPLAYABLE;
    if (is(order->run_id, "slow-strict")) request.costs.count = 2;
    if (is(order->run_id, "slow-read") || is(order->run_id, "slow-read-early")) request.effect = SLUICE_EFFECT_READ;
    sluice_capture capture = {.struct_size = sizeof capture, .source = SLUICE_CAPTURE_TEXT, .secret = text("all"),
                              .expires_at = SLUICE_TIME_ABSENT};
    if (is(order->run_id, "stream-capture"))
        request.flags = SLUICE_REQUEST_STREAM, request.captures = (sluice_span){&capture, 1, sizeof capture, 0};
    if (is(order->run_id, "feedback")) {
        sluice_rate_feedback feedback = {.struct_size = sizeof feedback, .bucket = text("orders"),
                                         .reset_at = session->host->now(session->host) + 5000000000ll};
        report(session, "feedback", services->rate_feedback(session->host, &feedback));
    }
    if (is(order->run_id, "expired")) request.not_after = session->host->now(session->host) - 1;
    if (is(order->run_id, "key")) request.effect = SLUICE_EFFECT_IDEMPOTENT, request.idempotency_key = order->client_reference;
    if (is(order->run_id, "read")) request.effect = SLUICE_EFFECT_READ;
    sluice_status status = services->http_send(session->host, &request);
    report(session, "send", status);
    /* Eleven more for the same command, whose answers nobody waits for. */
    for (int index = 0; is(order->run_id, "burst") && index < 11; index++) {
        request.tag = session->next_tag++;
        session->orders[request.tag % 4096] = 0;
        report(session, "burst", services->http_send(session->host, &request));
    }
    if (is(order->run_id, "slow-abort")) report(session, "abort", services->http_abort(session->host, tag));
    if (is(order->run_id, "again")) report(session, "again", services->http_send(session->host, &request));
    if (is(order->run_id, "abort")) report(session, "abort", services->http_abort(session->host, tag));
    if (is(order->run_id, "complete-early") || is(order->run_id, "slow-read-early"))
        return finish(session, token, SLUICE_OUTCOME_REJECTED, SLUICE_CODE_FUNDS, (sluice_str){0}, (sluice_str){0});
    return status;
}

#ifdef ASKS
/* The broker asks before it takes an order: run_id "ask" in a known word, "ask-other" in one that no policy knows,
   "ask-short" with a deadline in two seconds, "ask-wrong" without an option. */
static sluice_status ask(sluice_session *session, sluice_token token, const sluice_order *order, const char *id) {
    const sluice_option options[3] = {
        {.struct_size = sizeof options[0], .meaning = SLUICE_OPTION_CONFIRM, .id = text("yes"), .text = text("Yes")},
        {.struct_size = sizeof options[0], .meaning = SLUICE_OPTION_REFUSE, .id = text("no"), .text = text("No")},
        {.struct_size = sizeof options[0], .meaning = SLUICE_OPTION_OTHER, .id = text("later"), .text = text("Later")}};
    int is_short = order && is(order->run_id, "ask-short"), is_other = order && !is(order->run_id, "ask");
    sluice_question question = {.struct_size = sizeof question, .id = text(id), .text = text("The price is far off. Confirm?"),
                                .broker_message_id = text(is_other ? "o999" : "o163"),
                                .options = {options, order && is(order->run_id, "ask-wrong") ? 0 : 3, sizeof options[0], 0},
                                .deadline = is_short ? session->host->now(session->host) + 2000000000ll : SLUICE_TIME_ABSENT};
    if (is_other) session->services->server_time(session->host, session->host->now(session->host) + 2000000000ll);
    sluice_status status = session->services->progress(session->host, token, &question);
    report(session, "asked", status);
    return SLUICE_OK;
}
#endif

static void answered(sluice_session *session, const sluice_answer *answer) {
    sluice_token token = session->orders[answer->transport.tag % 4096];
    if (!token) return;
    const char *key = "\"order_id\":\"";
    report(session, "result", answer->transport.result);
    report(session, "http", answer->status);
    report(session, "tries", answer->transport.tries);
    report(session, "written", answer->transport.written != SLUICE_TIME_ABSENT);
    report(session, "body", (int64_t)answer->body.len);
    const char *id = answer->body.len ? memmem(answer->body.ptr, answer->body.len, key, strlen(key)) : NULL;
    if (answer->transport.result == SLUICE_TRANSPORT_DONE && answer->status == 200 && id) {
        id += strlen(key);
        const char *end = memchr(id, '"', (const char *)answer->body.ptr + answer->body.len - id);
        finish(session, token, SLUICE_OUTCOME_ACCEPTED, 0, (sluice_str){id, end ? (uint64_t)(end - id) : 0}, (sluice_str){0});
        return;
    }
    char claim = session->claims[answer->transport.tag % 4096];
    finish(session, token,
           claim == 'n' ? SLUICE_OUTCOME_NOT_SENT : claim == 'a' ? SLUICE_OUTCOME_ACCEPTED : SLUICE_OUTCOME_REJECTED,
           claim == 'n' ? SLUICE_CODE_NETWORK : claim == 'a' ? 0 : SLUICE_CODE_BROKER_RISK, (sluice_str){0}, (sluice_str){0});
}

/* ---- calls of people ---- */

static sluice_status vendor_call(sluice_session *session, sluice_token token, uint32_t account, sluice_str name,
                                 sluice_str arguments) {
    const sluice_services *services = session->services;
    const sluice_host *host = session->host;
    (void)account;
    if (is(name, "echo")) return finish(session, token, SLUICE_OUTCOME_OK, 0, (sluice_str){0}, arguments);
    session->call = token;
    if (is(name, "download")) {
        struct building target = {0};
        literal(&target, "/dump");
        session->chunks = session->chunk_bytes = 0;
        sluice_request request = {.struct_size = sizeof request, .effect = SLUICE_EFFECT_READ, .tag = CALL_TAG,
                                  .flags = SLUICE_REQUEST_STREAM, .tokens = {&token, 1, sizeof token, 0},
                                  .endpoint = text("rest"), .method = text("GET"), .target = made(&target),
                                  .not_after = SLUICE_TIME_ABSENT, .max_body = 64 << 20};
        return services->http_send(host, &request);
    }
    if (is(name, "sneak")) { /* declared as a read */
        struct building target = {0};
        literal(&target, "/orders/regular");
        sluice_request request = {.struct_size = sizeof request, .effect = SLUICE_EFFECT_MUTATION, .tag = CALL_TAG,
                                  .tokens = {&token, 1, sizeof token, 0}, .endpoint = text("rest"), .method = text("POST"),
                                  .target = made(&target), .not_after = SLUICE_TIME_ABSENT};
        return services->http_send(host, &request);
    }
    if (is(name, "crypto")) {
        struct building leak = {0}, sign = {0}, derived = {0};
        sluice_bytes value = {0};
        sluice_handle handle = 0;
        char words[160];
        sluice_template template;
        secret(&leak, handle_of(session, "api_secret"));
        template = made(&leak);
        report(session, "leak", services->crypto(host, &template, &value));
        report(session, "derived", services->crypto_derive(host, 0, text("copy"), &template, &handle));
        report(session, "reveal", services->secret_reveal(host, handle, &value));
        literal(&sign, "message");
        one(&sign, SLUICE_NODE_ENCODE, SLUICE_ENCODE_HEX, 0, one(&sign, SLUICE_NODE_HMAC, SLUICE_HASH_SHA256, handle, 0));
        template = made(&sign);
        if (services->crypto(host, &template, &value)) return SLUICE_ERR_INVALID;
        snprintf(words, sizeof words, "\"%.*s\"", (int)value.len, (const char *)value.ptr);
        (void)derived;
        return finish(session, token, SLUICE_OUTCOME_OK, 0, (sluice_str){0}, text(words));
    }
    if (is(name, "watch")) {
        struct building target = {0};
        literal(&target, "/feed?token="), secret(&target, handle_of(session, "access_token")), concat(&target, 0, 1);
        sluice_connection connection = {.struct_size = sizeof connection, .endpoint = text("stream"), .target = made(&target)};
        sluice_cost cost = {.struct_size = sizeof cost, .units = 1, .bucket = text("strict")};
        if (is(arguments, "{\"costs\":1}")) connection.costs = (sluice_span){&cost, 1, sizeof cost, 0};
        report(session, "opened", services->ws_open(host, &connection, &session->socket));
        return finish(session, token, SLUICE_OUTCOME_OK, 0, (sluice_str){0}, text("{}"));
    }
    return SLUICE_ERR_UNSUPPORTED;
}

static sluice_status say(sluice_session *session, const char *words, uint64_t tag) {
    struct building payload = {0};
    literal(&payload, words);
    sluice_frame frame = {.struct_size = sizeof frame, .kind = SLUICE_FRAME_TEXT, .tag = tag, .effect = SLUICE_EFFECT_SESSION,
                          .payload = made(&payload), .not_after = SLUICE_TIME_ABSENT};
#ifdef BUCKETS
    sluice_cost cost = {.struct_size = sizeof cost, .units = 1, .bucket = text("slow")};
    frame.costs = (sluice_span){&cost, 1, sizeof cost, 0};
#endif
    return session->services->ws_send(session->host, session->socket, &frame);
}

static void on_http(sluice_session *session, const sluice_answer *answer) {
    if (answer->transport.tag == LOGIN_TAG) return logged_in(session, answer);
    if (answer->transport.tag == CALL_TAG) {
        report(session, "chunks", session->chunks);
        report(session, "chunk_bytes", session->chunk_bytes);
        finish(session, session->call, answer->transport.result == SLUICE_TRANSPORT_DONE ? SLUICE_OUTCOME_OK : SLUICE_OUTCOME_UNKNOWN,
               0, (sluice_str){0}, text("{}"));
        return;
    }
    if (answer->transport.tag >= CANCEL_TAG && answer->transport.tag < CANCEL_TAG + 5) {
        if (--session->cancels == 0) finish(session, session->canceling, SLUICE_OUTCOME_ACCEPTED, 0, (sluice_str){0}, (sluice_str){0});
        return;
    }
    answered(session, answer);
}
static void on_http_chunk(sluice_session *session, uint64_t tag, sluice_bytes part) {
    (void)tag;
    session->chunks++;
    session->chunk_bytes += (int64_t)part.len;
}
static void on_sent(sluice_session *session, const sluice_transport *transport) {
    report(session, "sent", transport->result);
}
static void on_ws(sluice_session *session, uint64_t stream, uint32_t kind, sluice_bytes payload) {
    (void)stream;
    report(session, "frame_kind", kind);
    report(session, "frame_bytes", (int64_t)payload.len);
}
static void on_stream(sluice_session *session, uint64_t stream, sluice_bytes payload) {
    (void)session, (void)stream, (void)payload;
}
static void on_stream_state(sluice_session *session, uint64_t stream, uint32_t state, uint32_t status, sluice_str reason) {
    static int64_t opened;
    (void)stream, (void)reason;
    report(session, "socket", state);
    report(session, "refusal", status);
    if (state == SLUICE_CONNECTION_OPEN) {
        report(session, "opened_times", ++opened);
        report(session, "said", say(session, "subscribe", 7));
    }
}
static void on_webhook(sluice_session *session, const sluice_webhook *webhook) {
    report(session, "webhook", (int64_t)webhook->body.len);
    report(session, "webhook_headers", (int64_t)webhook->headers.count);
}
static void on_config(sluice_session *session, uint32_t account, sluice_str config) {
    report(session, "config", (int64_t)config.len);
    report(session, "config_account", account);
}
static sluice_status command_reply(sluice_session *session, sluice_token token, sluice_str question, sluice_str option) {
#ifdef ASKS
    report(session, "replied", is(option, "yes") ? 1 : is(option, "no") ? 2 : 3);
    if (is(option, "later")) return is(question, "q1") ? ask(session, token, NULL, "q2") : SLUICE_ERR_INVALID;
    return finish(session, token, is(option, "yes") ? SLUICE_OUTCOME_ACCEPTED : SLUICE_OUTCOME_REJECTED,
                  is(option, "yes") ? 0 : SLUICE_CODE_BROKER_RISK, text("A7"), (sluice_str){0});
#else
    (void)session, (void)token, (void)question, (void)option;
    return SLUICE_ERR_UNSUPPORTED;
#endif
}
#ifdef ASKS
/* Every second one lost the race. */
static sluice_status batch_of(sluice_session *session, const char *name, sluice_span items, uint64_t token_at) {
    report(session, name, (int64_t)items.count);
    for (uint64_t index = 0; index < items.count; index++) {
        sluice_token token;
        memcpy(&token, (const char *)items.ptr + index * items.stride + token_at, sizeof token);
        finish(session, token, index % 2 ? SLUICE_OUTCOME_REJECTED : SLUICE_OUTCOME_ACCEPTED,
               index % 2 ? SLUICE_CODE_ALREADY_FINAL : 0, (sluice_str){0}, (sluice_str){0});
    }
    return SLUICE_OK;
}
static sluice_status modify_several(sluice_session *session, sluice_span items) {
    return batch_of(session, "modify_batch", items, offsetof(sluice_modify_item, token));
}
static sluice_status cancel_several(sluice_session *session, sluice_span items) {
    return batch_of(session, "cancel_batch", items, offsetof(sluice_cancel_item, token));
}
#else
#define modify_several batch
#define cancel_several batch
#endif
static sluice_status batch(sluice_session *session, sluice_span items) {
    (void)session, (void)items;
    return SLUICE_ERR_UNSUPPORTED;
}
static sluice_status subscribe(sluice_session *session, sluice_token token, uint32_t mode, sluice_span instruments) {
    sluice_tick tick = {.struct_size = sizeof tick};
    (void)mode;
    tick.instrument = ((const sluice_instrument *)instruments.ptr)->uid;
    tick.last = (sluice_decimal){250005, 0, -2, SLUICE_DECIMAL_PRESENT};
    tick.exchange_time = SLUICE_TIME_ABSENT;
    report(session, "ticks", session->services->ticks(session->host, (sluice_span){&tick, 1, sizeof tick, 0}));
    return finish(session, token, SLUICE_OUTCOME_OK, 0, (sluice_str){0}, (sluice_str){0});
}
static sluice_status unsubscribe(sluice_session *session, sluice_token token, sluice_span instruments) {
    (void)instruments;
    return finish(session, token, SLUICE_OUTCOME_OK, 0, (sluice_str){0}, (sluice_str){0});
}

static const sluice_connections *connections(const sluice_module *module) {
    static sluice_endpoint endpoints[2];
    static sluice_secret_need secrets[2];
    static sluice_vendor_call calls[5];
    static sluice_connections made;
    static const char *names[5] = {"echo", "download", "crypto", "watch", "sneak"};
    (void)module;
    endpoints[0] = (sluice_endpoint){.struct_size = sizeof endpoints[0], .kind = SLUICE_ENDPOINT_HTTPS, .id = text("rest"),
                                     .live = text("https://api.broker.example"), .host_suffix = text(".broker.example")};
    endpoints[1] = (sluice_endpoint){.struct_size = sizeof endpoints[1], .kind = SLUICE_ENDPOINT_WSS, .id = text("stream"),
                                     .live = text("wss://ws.broker.example")};
    secrets[0] = (sluice_secret_need){.struct_size = sizeof secrets[0], .is_required = 1, .name = text("api_key")};
    secrets[1] = (sluice_secret_need){.struct_size = sizeof secrets[1], .is_required = 1, .name = text("api_secret")};
    for (int index = 0; index < 5; index++)
        calls[index] = (sluice_vendor_call){.struct_size = sizeof calls[0], .effect = SLUICE_EFFECT_READ, .name = text(names[index])};
#ifdef ASKS
    calls[0].arguments_schema = text("{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"a\"],"
                                     "\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":1}}}");
#endif
    made = (sluice_connections){.struct_size = sizeof made, .max_subscriptions = 10,
                                .capabilities = SLUICE_CAN_VENDOR_CALL | SLUICE_CAN_SUBSCRIBE | SLUICE_TAKES_WEBHOOKS | MORE,
                                .endpoints = {endpoints, 2, sizeof endpoints[0], 0}, .secrets = {secrets, 2, sizeof secrets[0], 0},
                                .vendor_calls = {calls, 5, sizeof calls[0], 0}, .max_requests = 64,
                                .login_text = text("Log in at the broker")};
    return &made;
}

static const sluice_connected connected = {
    .struct_size = sizeof connected, .describe = connections, .auth_reply = auth_reply, .command_reply = command_reply,
    .modify_batch = modify_several, .cancel_batch = cancel_several, .subscribe = subscribe, .unsubscribe = unsubscribe,
    .vendor_call = vendor_call, .on_http = on_http, .on_http_chunk = on_http_chunk, .on_sent = on_sent, .on_ws = on_ws,
    .on_stream = on_stream, .on_stream_state = on_stream_state, .on_webhook = on_webhook, .on_config = on_config};

/* ---- the rest of an adapter ---- */

static sluice_status close_session(sluice_session *session, sluice_token token) {
    session->host->session_state(session->host, SLUICE_SESSION_CLOSED, SLUICE_TIME_ABSENT, NULL);
    return finish(session, token, SLUICE_OUTCOME_OK, 0, (sluice_str){0}, (sluice_str){0});
}
static void destroy(sluice_session *session) { free(session); }
static sluice_status modify(sluice_session *session, sluice_token token, const sluice_order_ref *ref, const sluice_changes *changes) {
    (void)session, (void)token, (void)ref, (void)changes;
    return SLUICE_ERR_UNSUPPORTED;
}
static sluice_status cancel(sluice_session *session, sluice_token token, const sluice_order_ref *ref) {
    (void)ref;
#ifdef BUCKETS
    /* An order of five legs at the broker. */
    struct building target = {0};
    literal(&target, "/orders/leg");
    session->canceling = token;
    session->cancels = 5;
    for (uint64_t tag = CANCEL_TAG; tag < CANCEL_TAG + 5; tag++) {
        sluice_cost cost = {.struct_size = sizeof cost, .units = 1, .bucket = text("orders")};
        sluice_request request = {.struct_size = sizeof request, .effect = SLUICE_EFFECT_MUTATION, .tag = tag,
                                  .tokens = {&token, 1, sizeof token, 0}, .endpoint = text("rest"),
                                  .method = text("DELETE"), .target = made(&target),
                                  .costs = {&cost, 1, sizeof cost, 0}, .not_after = SLUICE_TIME_ABSENT};
        if (session->services->http_send(session->host, &request)) return SLUICE_ERR_INVALID;
    }
    return SLUICE_OK;
#else
    (void)session, (void)token;
    return SLUICE_ERR_UNSUPPORTED;
#endif
}
static sluice_status cancel_all(sluice_session *session, sluice_token token, const sluice_filter *filter) {
    (void)session, (void)token, (void)filter;
    return SLUICE_ERR_UNSUPPORTED;
}
static sluice_status preview(sluice_session *session, sluice_token token, sluice_span orders) {
    (void)session, (void)token, (void)orders;
    return SLUICE_ERR_UNSUPPORTED;
}
static sluice_status query(sluice_session *session, uint32_t kind, sluice_token token, const sluice_filter *filter) {
    (void)session, (void)kind, (void)token, (void)filter;
    return SLUICE_ERR_UNSUPPORTED;
}
static void on_timer(sluice_session *session, uint64_t timer, uint64_t tag) { (void)session, (void)timer, (void)tag; }
static void on_prices(sluice_session *session, sluice_span prices) { (void)session, (void)prices; }
static void on_cancelled(sluice_session *session, sluice_token token) {
    (void)token;
    report(session, "cancelled", 1);
}

static const sluice_session_functions functions = {
    .struct_size = sizeof functions, .open = open_session, .close = close_session, .destroy = destroy, .submit = submit,
    .submit_batch = batch, .modify = modify, .cancel = cancel, .cancel_all = cancel_all, .preview = preview, .query = query,
    .reconcile = batch, .on_timer = on_timer, .on_quote = on_prices, .on_candle = on_prices, .on_cancelled = on_cancelled};

static const sluice_descriptor *describe(const sluice_module *module) {
    static sluice_rate_window windows[3];
    static sluice_rate_bucket buckets[4];
    static sluice_descriptor descriptor;
    (void)module;
    windows[0] = (sluice_rate_window){.struct_size = sizeof windows[0], .units = ORDERS_A_SECOND, .window_ns = 1000000000};
    windows[1] = (sluice_rate_window){.struct_size = sizeof windows[0], .units = 1, .window_ns = 1000000000};
    windows[2] = (sluice_rate_window){.struct_size = sizeof windows[0], .units = 1, .window_ns = 10000000000};
    buckets[0] = (sluice_rate_bucket){.struct_size = sizeof buckets[0], .id = text("orders"), .scope_key = text("account"),
                                      .windows = {windows, 1, sizeof windows[0], 0}};
    buckets[1] = (sluice_rate_bucket){.struct_size = sizeof buckets[0], .id = text("slow"), .scope_key = text("account"),
                                      .windows = {windows + 1, 1, sizeof windows[0], 0}};
    buckets[2] = (sluice_rate_bucket){.struct_size = sizeof buckets[0], .id = text("strict"), .scope_key = text("account"),
                                      .windows = {windows + 2, 1, sizeof windows[0], 0}, .mode = SLUICE_RATE_REFUSE};
    buckets[3] = (sluice_rate_bucket){.struct_size = sizeof buckets[0], .id = text("address"), .scope_key = text("address"),
                                      .windows = {windows + 1, 1, sizeof windows[0], 0}};
    descriptor = (sluice_descriptor){.struct_size = sizeof descriptor, .id = text("connected"), .name = text("Connected"),
                                     .version = text("1.0.0"), .language = text("C"), .capabilities = {CAPABILITIES, 0, 0, 0},
                                     .config_schema = text(CONFIG_SCHEMA),
                                     .rate_buckets = {buckets, ORDERS_A_SECOND == 10 ? 4 : 1, sizeof buckets[0], 0},
                                     .limits = {.struct_size = sizeof descriptor.limits, .max_batch = MAX_BATCH}};
    return &descriptor;
}
static sluice_status session_create(const sluice_module *module, const sluice_host *host, const sluice_session_options *options,
                                    sluice_session **session, sluice_str *error) {
    (void)module, (void)error;
    sluice_session *made = calloc(1, sizeof *made);
    made->host = host;
    made->next_tag = FIRST_ORDER_TAG;
    memcpy(made->login, options->login.ptr, options->login.len < 63 ? options->login.len : 63);
    *session = made;
    return SLUICE_OK;
}
static const void *get_extension(const sluice_module *module, sluice_str id) {
    (void)module;
    return is(id, SLUICE_CONNECTED) ? &connected : NULL;
}
static sluice_str explain(const sluice_module *module, sluice_str code) {
    (void)module, (void)code;
    return (sluice_str){0};
}
static const sluice_module module = {.struct_size = sizeof module, .session = &functions, .describe = describe,
                                     .session_create = session_create, .get_extension = get_extension, .explain = explain};

SLUICE_EXPORT sluice_status sluice_adapter_v1(const sluice_hello *hello, sluice_reply *reply) {
    if (hello->magic != SLUICE_MAGIC) return SLUICE_ERR_VERSION;
    reply->abi_minor = hello->abi_minor_max;
    reply->vocabulary = SLUICE_VOCABULARY;
    reply->module = &module;
    return SLUICE_OK;
}
SLUICE_NOTE("connected", "1.0.0", "");
