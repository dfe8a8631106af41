/*
 * sluice/helpers.h: what every adapter in C or C++ would write for itself. Header-only, no allocation, no state.
 */
#ifndef SLUICE_HELPERS_H
#define SLUICE_HELPERS_H

#include <sluice/adapter.h>
#include <string.h>

/* Initialises a sluice_str of static data from a literal: .id = SLUICE_TEXT("acme"). */
#define SLUICE_TEXT(literal) {literal, sizeof(literal) - 1}

/* ---- text -------------------------------------------------------------------------------------------------------- */

/* A view of zero-terminated text; null is absent. It lives as long as the text. */
static inline sluice_str sluice_text(const char *zero_terminated) {
    sluice_str value = {zero_terminated, zero_terminated ? strlen(zero_terminated) : 0};
    return value;
}

/* Whether a view says the same as zero-terminated text. An absent one never does. */
static inline int sluice_same(sluice_str left, const char *right) {
    return left.ptr && left.len == strlen(right) && memcmp(left.ptr, right, left.len) == 0;
}

/* Copies a view into `room` as zero-terminated text. 0, and room untouched, where it is absent, empty, holds a zero or
   does not fit: a name that was cut is another name. */
static inline int sluice_keep(char *room, uint64_t size, sluice_str value) {
    if (!value.ptr || value.len == 0 || value.len >= size || memchr(value.ptr, 0, value.len)) return 0;
    memcpy(room, value.ptr, value.len);
    room[value.len] = 0;
    return 1;
}

/* ---- the entry --------------------------------------------------------------------------------------------------- */

/* Answers a hello for an adapter of this header's minor and vocabulary. `refusal` is static text. */
static inline sluice_status sluice_negotiate(const sluice_hello *hello, sluice_reply *reply,
                                             const sluice_module *module, const char *refusal) {
    if (!hello || !reply || !SLUICE_HAS(hello, vocabulary_max) || !SLUICE_HAS(reply, refusal_text))
        return SLUICE_ERR_INVALID;
    const uint32_t minor = SLUICE_ABI_MINOR, vocabulary = SLUICE_VOCABULARY;
    reply->refusal = 0;
    if (hello->magic != SLUICE_MAGIC)
        reply->refusal = SLUICE_REFUSAL_MAGIC;
    else if (hello->abi_minor_min > hello->abi_minor_max || hello->abi_minor_min > minor)
        reply->refusal = SLUICE_REFUSAL_MINOR;
    else if (hello->vocabulary_min > vocabulary || hello->vocabulary_max < 1 ||
             hello->vocabulary_min > hello->vocabulary_max)
        reply->refusal = SLUICE_REFUSAL_VOCABULARY;
    if (reply->refusal) {
        reply->module = 0;
        reply->refusal_text = sluice_text(refusal);
        return SLUICE_ERR_VERSION;
    }
    reply->abi_minor = hello->abi_minor_max < minor ? hello->abi_minor_max : minor;
    reply->vocabulary = hello->vocabulary_max < vocabulary ? hello->vocabulary_max : vocabulary;
    reply->module = module;
    return SLUICE_OK;
}

/* ---- slots of what an adapter lacks ------------------------------------------------------------------------------ */
/* The host never calls a function whose capability is not declared, but no slot is null. */

static inline sluice_status sluice_no_submit(sluice_session *session, sluice_token token, const sluice_order *order) {
    (void)session, (void)token, (void)order;
    return SLUICE_ERR_UNSUPPORTED;
}
static inline sluice_status sluice_no_submit_batch(sluice_session *session, sluice_span items) {
    (void)session, (void)items;
    return SLUICE_ERR_UNSUPPORTED;
}
static inline sluice_status sluice_no_modify(sluice_session *session, sluice_token token, const sluice_order_ref *ref,
                                             const sluice_changes *changes) {
    (void)session, (void)token, (void)ref, (void)changes;
    return SLUICE_ERR_UNSUPPORTED;
}
static inline sluice_status sluice_no_cancel(sluice_session *session, sluice_token token,
                                             const sluice_order_ref *ref) {
    (void)session, (void)token, (void)ref;
    return SLUICE_ERR_UNSUPPORTED;
}
static inline sluice_status sluice_no_cancel_all(sluice_session *session, sluice_token token,
                                                 const sluice_filter *filter) {
    (void)session, (void)token, (void)filter;
    return SLUICE_ERR_UNSUPPORTED;
}
static inline sluice_status sluice_no_preview(sluice_session *session, sluice_token token, sluice_span orders) {
    (void)session, (void)token, (void)orders;
    return SLUICE_ERR_UNSUPPORTED;
}
static inline sluice_status sluice_no_query(sluice_session *session, uint32_t kind, sluice_token token,
                                            const sluice_filter *filter) {
    (void)session, (void)kind, (void)token, (void)filter;
    return SLUICE_ERR_UNSUPPORTED;
}
static inline sluice_status sluice_no_reconcile(sluice_session *session, sluice_span items) {
    (void)session, (void)items;
    return SLUICE_ERR_UNSUPPORTED;
}
static inline void sluice_no_timer(sluice_session *session, uint64_t timer, uint64_t tag) {
    (void)session, (void)timer, (void)tag;
}
static inline void sluice_no_quote(sluice_session *session, sluice_span quotes) { (void)session, (void)quotes; }
static inline void sluice_no_candle(sluice_session *session, sluice_span candles) { (void)session, (void)candles; }
static inline void sluice_no_cancelled(sluice_session *session, sluice_token token) { (void)session, (void)token; }
static inline const void *sluice_no_extension(const sluice_module *module, sluice_str id) {
    (void)module, (void)id;
    return 0;
}
static inline sluice_str sluice_no_explanation(const sluice_module *module, sluice_str broker_code) {
    (void)module, (void)broker_code;
    return sluice_text(0);
}

#endif /* SLUICE_HELPERS_H */
