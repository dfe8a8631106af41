/* The shortest adapter: every order is accepted in its own call. For measurements. */
#include <sluice/adapter.h>
#include <stdlib.h>
#include <string.h>

struct sluice_session {
    const sluice_host *host;
};

static sluice_str text(const char *words) { return (sluice_str){words, strlen(words)}; }

static sluice_status finish(sluice_session *session, sluice_token token, uint32_t outcome) {
    static const sluice_order_ref ref = {.struct_size = sizeof ref, .broker_order_id = {"B123456789", 10}};
    const sluice_result result = {.struct_size = sizeof result, .outcome = outcome, .order_ref = &ref,
                                  .broker_time = SLUICE_TIME_ABSENT};
    return session->host->complete(session->host, token, &result);
}
static sluice_status submit(sluice_session *session, sluice_token token, const sluice_order *order) {
    (void)order;
    return finish(session, token, SLUICE_OUTCOME_ACCEPTED);
}
static sluice_status open_session(sluice_session *session, sluice_token token) {
    session->host->session_state(session->host, SLUICE_SESSION_READY, SLUICE_TIME_ABSENT, 0);
    return finish(session, token, SLUICE_OUTCOME_OK);
}
static sluice_status close_session(sluice_session *session, sluice_token token) {
    return finish(session, token, SLUICE_OUTCOME_OK);
}
static void destroy(sluice_session *session) { free(session); }
static sluice_status no_span(sluice_session *s, sluice_span i) { return (void)s, (void)i, SLUICE_ERR_UNSUPPORTED; }
static sluice_status no_modify(sluice_session *s, sluice_token t, const sluice_order_ref *r, const sluice_changes *c) {
    return (void)s, (void)t, (void)r, (void)c, SLUICE_ERR_UNSUPPORTED;
}
static sluice_status cancel(sluice_session *s, sluice_token t, const sluice_order_ref *r) {
    return (void)r, finish(s, t, SLUICE_OUTCOME_ACCEPTED);
}
static sluice_status no_filter(sluice_session *s, sluice_token t, const sluice_filter *f) {
    return (void)s, (void)t, (void)f, SLUICE_ERR_UNSUPPORTED;
}
static sluice_status no_preview(sluice_session *s, sluice_token t, sluice_span o) {
    return (void)s, (void)t, (void)o, SLUICE_ERR_UNSUPPORTED;
}
static sluice_status no_query(sluice_session *s, uint32_t k, sluice_token t, const sluice_filter *f) {
    return (void)s, (void)k, (void)t, (void)f, SLUICE_ERR_UNSUPPORTED;
}
static void no_timer(sluice_session *s, uint64_t n, uint64_t t) { (void)s, (void)n, (void)t; }
static void no_prices(sluice_session *s, sluice_span p) { (void)s, (void)p; }
static void no_cancelled(sluice_session *s, sluice_token t) { (void)s, (void)t; }

static const sluice_session_functions functions = {
    .struct_size = sizeof functions, .open = open_session, .close = close_session, .destroy = destroy,
    .submit = submit, .submit_batch = no_span, .modify = no_modify, .cancel = cancel, .cancel_all = no_filter,
    .preview = no_preview, .query = no_query, .reconcile = no_span, .on_timer = no_timer, .on_quote = no_prices,
    .on_candle = no_prices, .on_cancelled = no_cancelled};
static const sluice_descriptor *describe(const sluice_module *module) {
    static sluice_descriptor descriptor;
    (void)module;
    descriptor = (sluice_descriptor){.struct_size = sizeof descriptor, .id = text("fast"), .name = text("Fast"),
                                     .version = text("1"), .language = text("C"),
                                     .capabilities = {SLUICE_CAN_SUBMIT | SLUICE_CAN_CANCEL, 0, 0, 0},
                                     .limits = {.struct_size = sizeof descriptor.limits}};
    return &descriptor;
}
static sluice_status create(const sluice_module *module, const sluice_host *host, const sluice_session_options *options,
                            sluice_session **session, sluice_str *error) {
    (void)module, (void)options, (void)error;
    *session = calloc(1, sizeof **session);
    (*session)->host = host;
    return SLUICE_OK;
}
static const void *extension(const sluice_module *module, sluice_str id) { return (void)module, (void)id, (void *)0; }
static sluice_str explain(const sluice_module *module, sluice_str code) {
    return (void)module, (void)code, (sluice_str){0};
}
static const sluice_module module = {.struct_size = sizeof module, .session = &functions, .describe = describe,
                                     .session_create = create, .get_extension = extension, .explain = explain};

SLUICE_NOTE("fast", "1", "");
SLUICE_EXPORT sluice_status sluice_adapter_v1(const sluice_hello *hello, sluice_reply *reply) {
    (void)hello;
    reply->vocabulary = SLUICE_VOCABULARY;
    reply->module = &module;
    return SLUICE_OK;
}
