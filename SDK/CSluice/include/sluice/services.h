/*
 * sluice/services.h: what an adapter that talks to a broker needs beyond adapter.h.
 *
 * Two tables, each found by name. The host's services (requests, sockets, secrets, rates, challenges) come from
 * host->get_extension(host, SLUICE_SERVICES); the host asks the adapter for the other half, who it talks to and where
 * answers go, by module->get_extension(module, SLUICE_CONNECTED). An adapter without a network, as a simulated broker,
 * has neither and loses nothing. Words on threads, ownership, growth and statuses are adapter.h's.
 *
 * The adapter says what it wants sent, the host sends it. It owns the sockets, so it knows with certainty whether a
 * byte left the machine; it signs at egress, so a request that waited is never stale; it keeps the secrets, so no key
 * and no token enters the adapter.
 */
#ifndef SLUICE_SERVICES_H
#define SLUICE_SERVICES_H

#include <sluice/adapter.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_SERVICES "org.sluice.services/1"
#define SLUICE_CONNECTED "org.sluice.connected/1"

/* ------------------------------------------------------------------------------------------------ vocabulary ---- */

/* What a request does to the broker's state; decides what the host may repeat. */
#define SLUICE_EFFECT_READ 1u            /* changes nothing: the host may repeat it */
#define SLUICE_EFFECT_SESSION 2u         /* login, renewal, keep-alive: may be repeated */
#define SLUICE_EFFECT_IDEMPOTENT 3u      /* a mutation that the broker recognises by idempotency_key: may be repeated */
#define SLUICE_EFFECT_MUTATION 4u        /* never repeated */
#define SLUICE_EFFECT_REDUCING 5u        /* sluice_vendor_call.effect alone: a mutation that can only take risk away, as one
                                            that takes back what waits at the broker. The host makes it in every trading
                                            state; calls with effect IDEMPOTENT or MUTATION only where all is active */

/* What became of a send. */
#define SLUICE_TRANSPORT_DONE 1u           /* written, and answered whole */
#define SLUICE_TRANSPORT_NEVER_SENT 2u     /* certain: no byte of it left the machine */
#define SLUICE_TRANSPORT_SENT_NO_REPLY 3u  /* some or all bytes left, no answer came */
#define SLUICE_TRANSPORT_REPLY_TRUNCATED 4u /* an answer began and broke off, or passed its bound */
#define SLUICE_TRANSPORT_BLOCKED_BY_LIMIT 5u /* a rate bucket in mode refuse, or a circuit breaker: never sent */
#define SLUICE_TRANSPORT_ABORTED 6u        /* taken back by http_abort or the end of the session before it was written */

#define SLUICE_ENDPOINT_HTTPS 1u
#define SLUICE_ENDPOINT_WSS 2u
#define SLUICE_ENDPOINT_TCP 3u
#define SLUICE_ENDPOINT_TLS 4u
#define SLUICE_VERIFY_FULL 0u              /* the certificate chain and the name */
#define SLUICE_VERIFY_PINNED 1u            /* the certificate whose SHA-256 the manifest states, whatever it says */
#define SLUICE_VERIFY_NOT_ON_LOOPBACK 2u   /* unverified, and then to 127.0.0.0/8 and ::1 alone */
#define SLUICE_HTTP_AUTO 0u
#define SLUICE_HTTP_1 1u

/* Nodes of a template. Operands name earlier nodes of the same template by index. */
#define SLUICE_NODE_LITERAL 1u    /* bytes, as they are */
#define SLUICE_NODE_SECRET 2u     /* the bytes of secret */
#define SLUICE_NODE_NOW 3u        /* the moment of egress plus the learned server offset; format SLUICE_NOW_*; number =
                                     nanoseconds added (expiry times). One moment for all parts of one request */
#define SLUICE_NODE_NONCE 4u      /* a number that only rises for one account, in the order in which requests leave;
                                     format SLUICE_NOW_SECONDS...NANOSECONDS: at least the clock in that unit */
#define SLUICE_NODE_RANDOM 5u     /* number characters (bytes for RAW) of format SLUICE_RANDOM_*; at most 4096 */
#define SLUICE_NODE_DIGEST 6u     /* raw digest of operand 0; format SLUICE_HASH_* */
#define SLUICE_NODE_HMAC 7u       /* raw HMAC of operand 0; format SLUICE_HASH_*; key: secret, else operand 1. The keyed
                                     state is kept for secret, and for operand 1 where it is DECODE of a SECRET */
#define SLUICE_NODE_SIGN 8u       /* raw signature of operand 0 with private key secret; format SLUICE_SIGN_*. A private
                                     key is PEM text (\n may be written out), DER, or base64 of DER; an elliptic one also
                                     the bare number or seed (32 bytes; of Ed25519 also 64 = seed and its public key),
                                     raw, hex or base64 */
#define SLUICE_NODE_ENCODE 9u     /* operand 0 in format SLUICE_ENCODE_* */
#define SLUICE_NODE_DECODE 10u    /* operand 0 out of format SLUICE_ENCODE_* (HEX, HEX_NUMBER, BASE64, BASE64URL, BASE32) */
#define SLUICE_NODE_LENGTH 11u    /* number of bytes of operand 0, in decimal */
#define SLUICE_NODE_CONCAT 12u    /* the operands, one after another, with bytes between them */
#define SLUICE_NODE_SLOT 13u      /* another part of the same request; format SLUICE_SLOT_*, number for VALUE */
#define SLUICE_NODE_TOTP 14u      /* RFC 6238 of secret (raw key; base32 where format is SLUICE_ENCODE_BASE32): number =
                                     digits, 0 = 6, at most 8; 30 s, SHA-1 */
#define SLUICE_NODE_JWT 15u       /* header "." claims "." signature: operand 0 the header's JSON, 1 the claims', key:
                                     secret; format SLUICE_SIGN_*, or SLUICE_HASH_* for an HMAC */
#define SLUICE_NODE_MOD_POWER 16u /* operand 0 ^ operand 1 mod operand 2, big-endian without leading zeros (0 is one zero
                                     byte), each operand at most 1024 bytes: Diffie-Hellman */
#define SLUICE_NODE_DECRYPT 17u   /* RSA PKCS#1 v1.5 decryption of operand 0 with private key secret */

#define SLUICE_NOW_SECONDS 1u
#define SLUICE_NOW_MILLISECONDS 2u
#define SLUICE_NOW_MICROSECONDS 3u
#define SLUICE_NOW_NANOSECONDS 4u
#define SLUICE_NOW_RFC3339 5u     /* 2026-12-31T09:15:00Z */
#define SLUICE_NOW_RFC3339_MS 6u  /* 2026-12-31T09:15:00.123Z */
#define SLUICE_NOW_ISO_BASIC 7u   /* 20261231T091500Z */
#define SLUICE_NOW_SECONDS_MS 8u  /* seconds with three decimals, 1798708500.123 */

#define SLUICE_RANDOM_RAW 0u
#define SLUICE_RANDOM_HEX 1u
#define SLUICE_RANDOM_ALPHANUMERIC 2u /* A-Z a-z 0-9 */
#define SLUICE_RANDOM_DIGITS 3u
#define SLUICE_RANDOM_UUID 4u     /* version 4, lower case; number is ignored */

#define SLUICE_HASH_MD5 1u
#define SLUICE_HASH_SHA1 2u
#define SLUICE_HASH_SHA256 3u
#define SLUICE_HASH_SHA384 4u
#define SLUICE_HASH_SHA512 5u

#define SLUICE_SIGN_RSA_PKCS1_SHA256 101u
#define SLUICE_SIGN_RSA_PKCS1_SHA512 102u
#define SLUICE_SIGN_RSA_PSS_SHA256 103u
#define SLUICE_SIGN_ECDSA_P256_SHA256 104u     /* r || s, 64 bytes, as JWS wants it */
#define SLUICE_SIGN_ECDSA_P256_SHA256_DER 105u
#define SLUICE_SIGN_ECDSA_SECP256K1 106u       /* over a 32-byte digest: r || s || recovery id */
#define SLUICE_SIGN_ED25519 107u

#define SLUICE_ENCODE_HEX 1u      /* lower case */
#define SLUICE_ENCODE_HEX_UPPER 2u
#define SLUICE_ENCODE_BASE64 3u
#define SLUICE_ENCODE_BASE64URL 4u /* without padding */
#define SLUICE_ENCODE_BASE32 5u
#define SLUICE_ENCODE_PERCENT 6u  /* RFC 3986: everything but A-Z a-z 0-9 - . _ ~ */
#define SLUICE_ENCODE_FORM 7u     /* application/x-www-form-urlencoded: as PERCENT, and a space is + */
#define SLUICE_ENCODE_JSON 8u     /* the inside of a JSON string */
#define SLUICE_ENCODE_TWOS_COMPLEMENT 9u /* a big-endian number with one zero byte before it where its top bit is set */
#define SLUICE_ENCODE_LOWER 10u   /* ASCII lower case */
#define SLUICE_ENCODE_HEX_NUMBER 11u /* as HEX without leading zeros; decoded from an odd number of digits too */
#define SLUICE_ENCODE_UPPER 12u   /* ASCII upper case */

/* Parts of a request that a node may refer to. Evaluated in this order; a reference to a later part is ERR_INVALID. */
#define SLUICE_SLOT_VALUE 1u      /* request.values[number] */
#define SLUICE_SLOT_BODY 2u
#define SLUICE_SLOT_TARGET 3u     /* path and query as they will be sent */
#define SLUICE_SLOT_PATH 4u       /* the target up to the ? */
#define SLUICE_SLOT_QUERY 5u      /* the target after the ?, empty without one */
#define SLUICE_SLOT_METHOD 6u
#define SLUICE_SLOT_URL 7u        /* base URL and target */

#define SLUICE_CAPTURE_JSON 1u    /* JSON pointer (RFC 6901) into the body */
#define SLUICE_CAPTURE_HEADER 2u
#define SLUICE_CAPTURE_COOKIE 3u
#define SLUICE_CAPTURE_TEXT 4u    /* the whole body */
#define SLUICE_CAPTURE_OPTIONAL 0x1u /* flag: its absence is no error */

/* sluice_request.flags */
#define SLUICE_REQUEST_STREAM 0x1u       /* the body of the answer comes by on_http_chunk, at most 64 KiB a call */
#define SLUICE_REQUEST_REPLAYABLE 0x2u   /* may be sent under another login than that under which it was asked for: without
                                            it, a request that still waits when a login is answered is told as ABORTED */
#define SLUICE_REQUEST_PRIORITY 0x4u     /* a cancel or a closing order: overtakes others in the queue, may use the reserve */

#define SLUICE_FRAME_TEXT 1u
#define SLUICE_FRAME_BINARY 2u
#define SLUICE_FRAME_BYTES 3u            /* of a TCP or TLS stream */

#define SLUICE_CONNECTION_OPENING 1u
#define SLUICE_CONNECTION_OPEN 2u        /* also after each reconnect: authenticate, subscribe and read the gap again */
#define SLUICE_CONNECTION_LOST 3u        /* the host reconnects with back-off */
#define SLUICE_CONNECTION_CLOSED 4u      /* for good: by ws_close, stream_close or the broker's refusal (http_status) */

#define SLUICE_CHALLENGE_REDIRECT 1u     /* a person follows url; the broker's redirect brings the fields */
#define SLUICE_CHALLENGE_ONE_TIME_CODE 2u
#define SLUICE_CHALLENGE_DEVICE 3u       /* a person approves on another device */
#define SLUICE_CHALLENGE_PASTED_TOKEN 4u

#define SLUICE_SUBSCRIBE_LAST 1u         /* last price */
#define SLUICE_SUBSCRIBE_QUOTE 2u        /* best bid and ask, volume, day's prices */
#define SLUICE_SUBSCRIBE_DEPTH 3u        /* the book's levels too */

#define SLUICE_OPTION_CONFIRM 1u
#define SLUICE_OPTION_REFUSE 2u
#define SLUICE_OPTION_OTHER 3u

#define SLUICE_GRANT_REVEAL 0x1ull       /* session_options.grants: secret_reveal works, and each use is audited */

/* sluice_connections.capabilities: unset = the call is never made. Ordinary ones stand in sluice_descriptor. */
#define SLUICE_CAN_MODIFY_BATCH 0x1ull
#define SLUICE_CAN_CANCEL_BATCH 0x2ull
#define SLUICE_CAN_SUBSCRIBE 0x4ull
#define SLUICE_CAN_VENDOR_CALL 0x8ull
#define SLUICE_TAKES_WEBHOOKS 0x10ull
#define SLUICE_ASKS_QUESTIONS 0x20ull
#define SLUICE_TAKES_CONFIG_CHANGES 0x40ull

/* ------------------------------------------------------------------------------------------------- templates ---- */

/* Names a secret without showing it: an account's secret by name, whose latest value is used whenever a template is
   made, so a renewed token needs no new handle. Issued by the host, valid within the session, 0 = none. */
typedef uint64_t sluice_handle;

/* One step of a template. Nodes are evaluated in order and the last one is the value. */
typedef struct sluice_node_1_0 {
    uint32_t struct_size;
    uint32_t kind;              /* SLUICE_NODE_* */
    uint32_t format;
    uint32_t reserved;
    sluice_bytes bytes;         /* LITERAL; CONCAT: what stands between the operands */
    sluice_handle secret;
    int64_t number;
    sluice_span operands;       /* of uint32_t, indices of earlier nodes */
} sluice_node;

/* A value the host makes when the request leaves. At most 256 nodes, 1 MiB made. No nodes = absent. */
typedef struct sluice_template_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    sluice_span nodes;          /* of sluice_node */
} sluice_template;

/* -------------------------------------------------------------------------------------------------- requests ---- */

typedef struct sluice_header_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    sluice_str name;
    struct sluice_template_1_0 value;
} sluice_header;

/* What a send costs of a declared rate bucket. Every try costs it, and where a bucket has no unit the send waits for one.
   The bucket "orders" (of a look-up or query: "reads") has given one unit for each command already, before the adapter was
   called: the first send for a command that names it costs that unit less. A connection costs at each opening, and one
   for which there is no unit now is refused with ERR_QUOTA. */
typedef struct sluice_cost_1_0 {
    uint32_t struct_size;
    uint32_t units;
    sluice_str bucket;
    sluice_str scope;           /* of a bucket whose scope_key is the adapter's own; absent otherwise */
} sluice_cost;

/* A secret to take out of an answer before the adapter sees it. What was taken reads "***" there. An answer out of which
   it is not certain that all was taken (no JSON, broken off, the secret missing though it is not optional) comes without
   its body and with few of its headers, and transport.text says so. Not for a streamed answer: ERR_INVALID. */
typedef struct sluice_capture_1_0 {
    uint32_t struct_size;
    uint32_t source;            /* SLUICE_CAPTURE_* */
    uint32_t flags;
    uint32_t reserved;
    sluice_str pointer;         /* JSON pointer, header or cookie name */
    sluice_str secret;          /* the secret's name from now on; a declared one */
    sluice_time expires_at;
} sluice_capture;

/* One HTTP request. The tag is the adapter's own and comes back with the answer; one that is still open is refused. */
typedef struct sluice_request_1_0 {
    uint32_t struct_size;
    uint32_t effect;            /* SLUICE_EFFECT_* */
    uint64_t tag;
    sluice_span tokens;         /* of sluice_token: the commands it serves; none for the adapter's own housekeeping */
    uint32_t account;           /* whose secrets, pool, egress address and buckets are used */
    uint32_t flags;             /* SLUICE_REQUEST_* */
    sluice_str endpoint;        /* a declared id */
    sluice_str host;            /* within the endpoint's host_suffix; absent = the base URL's */
    sluice_str method;
    sluice_span values;         /* of sluice_template: made first, for SLUICE_SLOT_VALUE */
    struct sluice_template_1_0 target; /* path and query, byte for byte as sent; begins with "/" */
    sluice_span headers;        /* of sluice_header, in order */
    struct sluice_template_1_0 body;
    sluice_str idempotency_key;
    sluice_span costs;          /* of sluice_cost */
    sluice_span captures;       /* of sluice_capture; kept out of answers with status 200...299, only hidden in others */
    int64_t connect_timeout_ns; /* 0 = the host's default, 5 s */
    int64_t first_byte_timeout_ns; /* 0 = 10 s */
    int64_t total_timeout_ns;   /* from http_send on, with the wait for rate units and all tries; 0 = 30 s. Its end is
                                   never an abort of a mutation in flight: it is told as SENT_NO_REPLY and the late
                                   answer is dropped */
    sluice_time not_after;      /* not sent later than this: NEVER_SENT */
    uint64_t max_body;          /* bytes of the answer, 0 = 4 MiB, at most 128 MiB; more is REPLY_TRUNCATED */
} sluice_request;

/* The record of one send. */
typedef struct sluice_transport_1_0 {
    uint32_t struct_size;
    uint32_t result;            /* SLUICE_TRANSPORT_* */
    uint64_t tag;
    uint32_t tries;
    uint32_t reserved;
    sluice_time queued;
    sluice_time written;        /* the last byte handed to the machine's network; absent = none was */
    sluice_time first_byte;
    sluice_time done;
    sluice_str text;            /* what went wrong, for people */
} sluice_transport;

typedef struct sluice_answer_1_0 {
    uint32_t struct_size;
    uint32_t status;            /* HTTP status, 0 = none came */
    struct sluice_transport_1_0 transport;
    sluice_span headers;        /* of sluice_field; names in lower case */
    sluice_bytes body;          /* decompressed; empty for a streamed one */
    sluice_span captured;       /* of sluice_named_secret */
} sluice_answer;

typedef struct sluice_named_secret_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    sluice_str name;
    sluice_handle handle;
} sluice_named_secret;

/* --------------------------------------------------------------------------------------------------- sockets ---- */

/* A WebSocket (endpoint of kind WSS) or a byte stream (TCP, TLS). The host connects, answers pings, reconnects with
   back-off (1 s doubling to 60 s, with jitter) and makes the templates anew each time. */
typedef struct sluice_connection_1_0 {
    uint32_t struct_size;
    uint32_t account;
    sluice_str endpoint;
    sluice_str host;
    struct sluice_template_1_0 target;
    sluice_span headers;        /* of sluice_header */
    sluice_str subprotocol;
    int64_t ping_interval_ns;   /* 0 = 30 s */
    int64_t idle_timeout_ns;    /* nothing received for so long: lost. 0 = never */
    uint64_t max_frame;         /* 0 = 1 MiB; a longer one ends the connection */
    sluice_span costs;
} sluice_connection;

/* One frame to send. Its outcome comes by on_sent(tag): DONE means written, not answered. */
typedef struct sluice_frame_1_0 {
    uint32_t struct_size;
    uint32_t kind;              /* SLUICE_FRAME_* */
    uint64_t tag;
    sluice_span tokens;
    uint32_t effect;
    uint32_t flags;             /* SLUICE_REQUEST_PRIORITY */
    struct sluice_template_1_0 payload;
    sluice_span costs;          /* while it waits for its units, frames that need not wait overtake it */
    sluice_time not_after;
} sluice_frame;

/* ------------------------------------------------------------------------------------ logins, questions, rates --- */

typedef struct sluice_challenge_field_1_0 {
    uint32_t struct_size;
    uint32_t is_secret;
    sluice_str name;            /* of the redirect's query parameter, or as a person is asked */
    sluice_str label;
    sluice_str pattern;         /* regular expression that all of an acceptable answer matches; absent = anything. The host
                                   asks again for what does not match */
} sluice_challenge_field;

/* What a login needs of a person. Answered by auth_reply; its fields arrive as handles. */
typedef struct sluice_challenge_1_0 {
    uint32_t struct_size;
    uint32_t kind;              /* SLUICE_CHALLENGE_* */
    sluice_str id;
    struct sluice_template_1_0 url; /* REDIRECT; holds no secret but those the broker wants in it */
    sluice_str prompt;
    sluice_span fields;         /* of sluice_challenge_field */
    sluice_time deadline;       /* no answer is passed on after it, and a person may begin anew: open is called again */
} sluice_challenge;

/* The session's state, with what a login knows. */
typedef struct sluice_session_report_1_0 {
    uint32_t struct_size;
    uint32_t state;             /* SLUICE_SESSION_* */
    uint32_t account;           /* the report is the session's; account only names whose login it was */
    uint32_t reserved;
    sluice_time expires_at;
    sluice_time renew_at;
    const sluice_error *error;  /* null = none */
    const sluice_challenge *challenge; /* in state CHALLENGE, else null */
    sluice_str capability_document; /* narrows the descriptor's for this login; absent = as declared */
} sluice_session_report;

typedef struct sluice_option_1_0 {
    uint32_t struct_size;
    uint32_t meaning;           /* SLUICE_OPTION_* */
    sluice_str id;
    sluice_str text;
} sluice_option;

/* What a broker asks before it takes an order. An answer is never assumed. */
typedef struct sluice_question_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    sluice_str id;
    sluice_str broker_message_id;
    sluice_str text;
    sluice_span options;        /* of sluice_option */
    sluice_time deadline;
} sluice_question;

/* What an answer said about a rate bucket. */
typedef struct sluice_rate_feedback_1_0 {
    uint32_t struct_size;
    uint32_t account;
    sluice_str bucket;
    sluice_str scope;
    int64_t remaining;          /* units; negative = not said */
    sluice_time reset_at;
    int64_t retry_after_ns;     /* 0 = not said */
} sluice_rate_feedback;

/* One price of a subscription. Absent fields are unknown, never zero. */
typedef struct sluice_level_1_0 {
    uint32_t struct_size;
    uint32_t orders;
    sluice_decimal price;
    sluice_decimal quantity;
} sluice_level;

typedef struct sluice_tick_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t instrument;        /* uid, as the subscription named it */
    sluice_str instrument_id;   /* where the uid is not known */
    sluice_decimal last;
    sluice_decimal last_quantity;
    sluice_decimal average_price;
    sluice_decimal volume;
    sluice_decimal total_bid_quantity;
    sluice_decimal total_ask_quantity;
    sluice_decimal open;
    sluice_decimal high;
    sluice_decimal low;
    sluice_decimal close;
    sluice_decimal open_interest;
    sluice_decimal open_interest_high;
    sluice_decimal open_interest_low;
    sluice_time last_trade_time;
    sluice_time exchange_time;
    sluice_span bids;           /* of sluice_level, best first */
    sluice_span asks;
} sluice_tick;

/* ---------------------------------------------------------------------------------------- the host's services --- */

typedef struct sluice_services_1_0 sluice_services;

/* All functions: [lane], during a call of the session only. Each copies what it is given. */
struct sluice_services_1_0 {
    uint32_t struct_size;
    uint32_t reserved;

    /* Queues one request. SLUICE_OK: exactly one on_http with its tag follows, after this lane call has returned.
       ERR_NOT_FOUND: no such endpoint, secret or bucket; ERR_INVALID: a template or field breaks this contract (the log
       names it); ERR_STATE: the tag is open already; ERR_QUOTA: max_in_flight requests are open. */
    sluice_status (*http_send)(const sluice_host *host, const sluice_request *request);

    /* Takes a request back that has not been written. One that has been goes on. */
    sluice_status (*http_abort)(const sluice_host *host, uint64_t tag);

    /* Opens a WebSocket or a byte stream; yields its number, never 0. At most 16 a session (ERR_QUOTA). */
    sluice_status (*ws_open)(const sluice_host *host, const sluice_connection *connection, uint64_t *stream);
    sluice_status (*ws_send)(const sluice_host *host, uint64_t stream, const sluice_frame *frame);
    sluice_status (*ws_close)(const sluice_host *host, uint64_t stream, uint32_t code, sluice_str reason);
    sluice_status (*stream_open)(const sluice_host *host, const sluice_connection *connection, uint64_t *stream);
    sluice_status (*stream_send)(const sluice_host *host, uint64_t stream, const sluice_frame *frame);
    sluice_status (*stream_close)(const sluice_host *host, uint64_t stream);

    /* The handle of an account's secret, from its configuration, a challenge, a capture or the store. ERR_NOT_FOUND. */
    sluice_status (*secret_open)(const sluice_host *host, uint32_t account, sluice_str name, sluice_handle *handle);
    /* Makes a secret of bytes that the adapter has. At most 64 KiB, 256 a session. */
    sluice_status (*secret_put)(const sluice_host *host, uint32_t account, sluice_str name, sluice_bytes value,
                                sluice_handle *handle);
    /* Keeps a secret, encrypted, in the data directory until expires_at, so that a session survives a restart. */
    sluice_status (*secret_store)(const sluice_host *host, uint32_t account, sluice_str name, sluice_handle handle,
                                  sluice_time expires_at);
    /* Forgets a secret, also a kept one. */
    sluice_status (*secret_erase)(const sluice_host *host, uint32_t account, sluice_str name);
    /* Until when a kept secret is good; ERR_NOT_FOUND where there is none. */
    sluice_status (*secret_expiry)(const sluice_host *host, uint32_t account, sluice_str name, sluice_time *expires_at);
    /* The secret in clear. Needs SLUICE_GRANT_REVEAL, and is audited; ERR_UNSUPPORTED without. */
    sluice_status (*secret_reveal)(const sluice_host *host, sluice_handle handle, sluice_bytes *value);

    /* Makes a template's value now. A secret may stand in it only as a key, or below a DIGEST, HMAC, SIGN or TOTP node
       (a JWT shows its claims): ERR_INVALID else, since its bytes would come back. Neither here nor in crypto_derive
       is there a request, so SLOT is ERR_INVALID. */
    sluice_status (*crypto)(const sluice_host *host, const sluice_template *value, sluice_bytes *result);
    /* Makes a template's value and keeps it as a secret: it never comes back in clear, so anything may stand in it. */
    sluice_status (*crypto_derive)(const sluice_host *host, uint32_t account, sluice_str name,
                                   const sluice_template *value, sluice_handle *handle);

    sluice_status (*rate_feedback)(const sluice_host *host, const sluice_rate_feedback *feedback);
    /* What the broker's clock said, for SLUICE_NODE_NOW and the clock check of preflight. */
    sluice_status (*server_time)(const sluice_host *host, sluice_time broker_time);

    /* session_state with a challenge, a renewal time and narrowed capabilities. */
    sluice_status (*session_report)(const sluice_host *host, const sluice_session_report *report);
    /* Asks a person or the policy; the answer comes by command_reply. The token stays open. */
    sluice_status (*progress)(const sluice_host *host, sluice_token token, const sluice_question *question);
    /* Prices of subscribed instruments (sluice_tick). At most 10,000 a call. */
    sluice_status (*ticks)(const sluice_host *host, sluice_span ticks);

    /* The instrument that the adapter once gave this alias, for what the broker tells of orders and positions that are
       not ours. The view is valid until the lane call returns. ERR_NOT_FOUND: no row had this alias. */
    sluice_status (*instrument_by_alias)(const sluice_host *host, sluice_str alias, const sluice_instrument **instrument);
};

/* -------------------------------------------------------------------------------------- the adapter's other half -- */

typedef struct sluice_endpoint_1_0 {
    uint32_t struct_size;
    uint32_t kind;              /* SLUICE_ENDPOINT_* */
    sluice_str id;
    sluice_str live;            /* base URL; the manifest or the account may name another */
    sluice_str sandbox;         /* absent = the broker has none */
    sluice_str host_suffix;     /* of hosts named at run time, ".broker.example"; absent = the base URL's alone */
    uint32_t verification;      /* SLUICE_VERIFY_* */
    uint32_t http;              /* SLUICE_HTTP_* */
} sluice_endpoint;

typedef struct sluice_secret_need_1_0 {
    uint32_t struct_size;
    uint32_t is_required;       /* by configuration; others come from a challenge or a capture */
    sluice_str name;            /* [a-z0-9_]{1,64} */
    sluice_str purpose;
    uint32_t needs_reveal;
    uint32_t reserved;
} sluice_secret_need;

typedef struct sluice_vendor_call_1_0 {
    uint32_t struct_size;
    uint32_t effect;            /* SLUICE_EFFECT_* */
    sluice_str name;            /* [a-z0-9_]{1,64} */
    sluice_str arguments_schema; /* JSON Schema */
    sluice_str result_schema;
    sluice_str text;            /* one line for people */
} sluice_vendor_call;

/* Whom the adapter talks to, with what, and what more it can do. Static data. */
typedef struct sluice_connections_1_0 {
    uint32_t struct_size;
    uint32_t max_subscriptions; /* instruments, 0 = none */
    uint64_t capabilities;      /* SLUICE_CAN_MODIFY_BATCH ... */
    sluice_span endpoints;      /* of sluice_endpoint */
    sluice_span secrets;        /* of sluice_secret_need */
    sluice_span vendor_calls;   /* of sluice_vendor_call */
    int64_t login_validity_ns;  /* 0 = not known beforehand */
    uint32_t max_requests;      /* open requests a session, 0 = 64 */
    uint32_t reserved;
    sluice_str login_text;      /* one line: what a person does to log in */
} sluice_connections;

typedef struct sluice_modify_item_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    sluice_token token;
    const sluice_order_ref *ref;
    const sluice_changes *changes;
} sluice_modify_item;

typedef struct sluice_cancel_item_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    sluice_token token;
    const sluice_order_ref *ref;
} sluice_cancel_item;

/* A call that a broker made to us. */
typedef struct sluice_webhook_1_0 {
    uint32_t struct_size;
    uint32_t account;
    sluice_span headers;        /* of sluice_field; names in lower case */
    sluice_bytes body;          /* raw, <= 64 KiB. It is not to be trusted before its signature was checked */
    sluice_time received_time;
} sluice_webhook;

/* Rows of a vendor call arrive by complete: sluice_result.document. */
typedef struct sluice_connected_1_0 {
    uint32_t struct_size;
    uint32_t reserved;

    /* Always the same static data. Never null. [any] */
    const sluice_connections *(*describe)(const sluice_module *module);

    /* All that follow: [lane], of a session of this module. */

    /* Answers a challenge: sluice_named_secret per field. The session goes on to opening, then ready or failed. */
    sluice_status (*auth_reply)(sluice_session *session, sluice_token token, sluice_str challenge_id,
                                sluice_span fields);
    /* Answers a question of progress(token) with one of its options. */
    sluice_status (*command_reply)(sluice_session *session, sluice_token token, sluice_str question_id,
                                   sluice_str option_id);
    sluice_status (*modify_batch)(sluice_session *session, sluice_span items); /* of sluice_modify_item */
    sluice_status (*cancel_batch)(sluice_session *session, sluice_span items); /* of sluice_cancel_item */
    /* Adds to or takes from what the data session streams (of sluice_instrument; mode SLUICE_SUBSCRIBE_*). */
    sluice_status (*subscribe)(sluice_session *session, sluice_token token, uint32_t mode, sluice_span instruments);
    sluice_status (*unsubscribe)(sluice_session *session, sluice_token token, sluice_span instruments);
    /* A declared call by name. `arguments` is a JSON object validated by its schema. */
    sluice_status (*vendor_call)(sluice_session *session, sluice_token token, uint32_t account, sluice_str name,
                                 sluice_str arguments);

    /* What became of a request: once for each accepted http_send. */
    void (*on_http)(sluice_session *session, const sluice_answer *answer);
    /* A part of a streamed body, in order, before its on_http. Commands overtake chunks that wait. */
    void (*on_http_chunk)(sluice_session *session, uint64_t tag, sluice_bytes part);
    /* What became of a frame: once for each accepted ws_send and stream_send. */
    void (*on_sent)(sluice_session *session, const sluice_transport *transport);
    void (*on_ws)(sluice_session *session, uint64_t stream, uint32_t kind, sluice_bytes payload);
    void (*on_stream)(sluice_session *session, uint64_t stream, sluice_bytes payload);
    /* State of a WebSocket or stream (SLUICE_CONNECTION_*). status: HTTP status of a refused upgrade, else 0. */
    void (*on_stream_state)(sluice_session *session, uint64_t stream, uint32_t state, uint32_t status, sluice_str reason);
    void (*on_webhook)(sluice_session *session, const sluice_webhook *webhook);
    /* The account's config as it is from now on (JSON object, validated). */
    void (*on_config)(sluice_session *session, uint32_t account, sluice_str config);
} sluice_connected;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* SLUICE_SERVICES_H */
