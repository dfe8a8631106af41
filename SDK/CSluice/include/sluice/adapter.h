/*
 * sluice/adapter.h: the contract between the Sluice host and a broker adapter.
 *
 * An adapter is a pure translator in one shared library with one exported function. It opens no socket, file, thread or
 * clock. The host calls it with commands, prices and timer ticks; it answers by calling host services: "command 42 is
 * done: accepted, broker id X". Because the adapter only translates, the host can say with certainty whether an order
 * left the machine, enforce limits, time every stage, and run the same library in-process or locked in a child.
 *
 * Reading order: leaf values, vocabulary, entities, the host's table, the session's table, the module, the entry.
 *
 * THREADS. There are two words.
 *   [lane]   The function belongs to one session's lane: calls are serial, never concurrent, on any operating system
 *            thread. Whatever a session keeps needs no lock.
 *   [any]    The function is pure and may be called from anywhere, at any time, concurrently.
 *
 * OWNERSHIP. One sentence: the caller owns every byte it passes; the callee may read it until it returns and copies
 * what it keeps; nobody ever frees the other side's memory. Two exceptions: the module table and the descriptor are
 * static data that live as long as the process, and a sluice_session is opaque memory of the adapter from
 * session_create to destroy. A host function that yields data fills a view that stays valid until the current lane call
 * returns.
 *
 * RE-ENTRANCY. A host function never calls back into the adapter before it returns (kv_list's `each` is the one
 * exception: it runs inside kv_list and may call no host function). Host functions may be called only
 * during a lane call of the session they belong to; a call at any other time returns SLUICE_ERR_WRONG_LANE and does
 * nothing.
 *
 * TIME IN A CALL. A lane call is pure computation: 2 ms is the soft budget and 50 ms the hard one (a manifest may
 * tighten it). Both are counted and shown to the operator. A lane call never blocks.
 *
 * SIDE EFFECTS. No threads, signals, fork, environment, locale, working directory, standard streams, dlopen, and no
 * state shared between sessions.
 *
 * GROWTH. Every growable struct begins with struct_size, grows only at its end, and a field exists if it ends within
 * struct_size; an absent tail reads as zero, and zero is always the documented default ("absent"). Arrays travel as
 * spans with a stride, so that their elements can grow too. The struct's tag names the minor that last grew it. An
 * entity that stands by value inside another is written by its tag and stays that long there for ever; what it gains
 * later travels behind a pointer at the outer one's end. A library of minor N may read every field of a minor <= N
 * without asking, since a host that agreed to N passes them all; for later fields ask SLUICE_HAS. Leaf values
 * (sluice_str, sluice_bytes, sluice_decimal, sluice_span) are frozen. Function tables have no null slot: an
 * adapter that lacks a capability fills the slot with a function that returns SLUICE_ERR_UNSUPPORTED, and the host
 * never calls it, since the capability bit is unset.
 *
 * An adapter that talks to a broker reads services.h next: requests, sockets, secrets, logins.
 *
 * Layout: 64-bit little-endian. C11, C17 and C++20 compile this header.
 */
#ifndef SLUICE_ADAPTER_H
#define SLUICE_ADAPTER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------ versions ------ */

#define SLUICE_ABI_MAJOR 1u
#define SLUICE_ABI_MINOR 0u           /* the newest minor that this header describes */
#define SLUICE_VOCABULARY 1u          /* version of the enumerations below; grows without touching layout */
#define SLUICE_MAGIC 0x3149424145554c53ull /* "SLUEABI1" in memory order; a hello without it is not from a host */

/* Whether the entity behind `pointer` is long enough to hold `field`: SLUICE_HAS(order, valid_until). */
#define SLUICE_HAS(pointer, field)                                                                                     \
    ((pointer)->struct_size >= (uint64_t)((const char *)(&(pointer)->field + 1) - (const char *)(pointer)))

#ifdef __cplusplus
#define SLUICE_C extern "C"
#else
#define SLUICE_C
#endif

#if defined(__GNUC__)
#define SLUICE_EXPORT __attribute__((visibility("default")))
#else
#define SLUICE_EXPORT
#endif

/* ---------------------------------------------------------------------------------------------- leaf values ----- */

/* Text in UTF-8, not terminated. ptr null = absent; len 0 with ptr set = empty. */
typedef struct sluice_str {
    const char *ptr;
    uint64_t len;
} sluice_str;

/* Raw bytes. ptr null = absent. */
typedef struct sluice_bytes {
    const uint8_t *ptr;
    uint64_t len;
} sluice_bytes;

#define SLUICE_DECIMAL_PRESENT 1u

/* An exact decimal: (high:low as a 128-bit two's complement integer) x 10^exponent, exponent -38...38.
   Without SLUICE_DECIMAL_PRESENT in flags the value is absent, whatever the other fields hold. */
typedef struct sluice_decimal {
    uint64_t low;
    int64_t high;
    int32_t exponent;
    uint32_t flags;
} sluice_decimal;

/* Elements of one kind, `stride` bytes apart. Step by stride, never by sizeof: the other side may know a longer
   element. count 0 = none. */
typedef struct sluice_span {
    const void *ptr;
    uint64_t count;
    uint32_t stride;
    uint32_t reserved;
} sluice_span;

/* Nanoseconds since 1970-01-01T00:00:00Z. SLUICE_TIME_ABSENT is absent, and so is 0, what zeroed memory holds. */
typedef int64_t sluice_time;
#define SLUICE_TIME_ABSENT INT64_MIN

/* Names one accepted command. Issued by the host, never 0, never reused within a session. */
typedef uint64_t sluice_token;

/* ------------------------------------------------------------------------------------------------- statuses ----- */

/* What a function returns. Negative values are violations of this contract or lack of a capability and mean that the
   call had no effect; business results (rejected, unknown) never travel here but in sluice_result. */
typedef int32_t sluice_status;
#define SLUICE_OK 0
#define SLUICE_ERR_UNSUPPORTED (-1)   /* the capability bit of this call is unset */
#define SLUICE_ERR_INVALID (-2)       /* an argument breaks this contract: null, too short, out of range */
#define SLUICE_ERR_STATE (-3)         /* not allowed in the session's state */
#define SLUICE_ERR_WRONG_LANE (-4)    /* a host function called outside a lane call of its session */
#define SLUICE_ERR_QUOTA (-5)         /* a stated bound is reached; the text of the bound is in the host's log */
#define SLUICE_ERR_NOT_FOUND (-6)     /* no such key, timer or token */
#define SLUICE_ERR_VERSION (-7)       /* entry only: no common minor or vocabulary; see sluice_reply */
#define SLUICE_ERR_INTERNAL (-8)      /* the callee failed; the host treats the adapter as faulty */

/* ------------------------------------------------------------------------------------------------ vocabulary ---- */
/* 0 is always "absent". Values from adapter to host may be appended in a later vocabulary: the host maps what it does
   not know to "other" and keeps the raw number. Values from host to adapter are sent only if the adapter's vocabulary
   and capabilities include them. */

#define SLUICE_SIDE_BUY 1u
#define SLUICE_SIDE_SELL 2u

#define SLUICE_ORDER_TYPE_MARKET 1u
#define SLUICE_ORDER_TYPE_LIMIT 2u
#define SLUICE_ORDER_TYPE_STOP 3u       /* a market order once trigger_price trades */
#define SLUICE_ORDER_TYPE_STOP_LIMIT 4u /* a limit order once trigger_price trades */

#define SLUICE_PRODUCT_INTRADAY 1u      /* squared off by the broker at the end of the day */
#define SLUICE_PRODUCT_DELIVERY 2u      /* fully paid, settled into holdings */
#define SLUICE_PRODUCT_CARRY 3u         /* a derivative carried overnight */
#define SLUICE_PRODUCT_MARGIN 4u        /* financed */
#define SLUICE_PRODUCT_CASH 5u          /* unfinanced, where the venue knows no delivery product */

#define SLUICE_TIF_DAY 1u
#define SLUICE_TIF_IOC 2u               /* fill what is possible at once, cancel the rest */
#define SLUICE_TIF_FOK 3u               /* fill whole at once or cancel */
#define SLUICE_TIF_GTC 4u
#define SLUICE_TIF_GTD 5u               /* until sluice_order.valid_until */

#define SLUICE_ORDER_CLASS_REGULAR 1u
#define SLUICE_ORDER_CLASS_COVER 2u
#define SLUICE_ORDER_CLASS_BRACKET 3u
#define SLUICE_ORDER_CLASS_ICEBERG 4u
#define SLUICE_ORDER_CLASS_AUCTION 5u

/* sluice_order.flags */
#define SLUICE_ORDER_CLOSING 0x1u       /* the host judged the order strictly closing; taken in degraded too */
#define SLUICE_ORDER_REDUCE_ONLY 0x2u
#define SLUICE_ORDER_POST_ONLY 0x4u
#define SLUICE_ORDER_AFTER_MARKET 0x8u

#define SLUICE_ORDER_STATE_PENDING_NEW 1u
#define SLUICE_ORDER_STATE_TRIGGER_PENDING 2u
#define SLUICE_ORDER_STATE_OPEN 3u
#define SLUICE_ORDER_STATE_PARTIALLY_FILLED 4u
#define SLUICE_ORDER_STATE_FILLED 5u
#define SLUICE_ORDER_STATE_PENDING_MODIFY 6u
#define SLUICE_ORDER_STATE_PENDING_CANCEL 7u
#define SLUICE_ORDER_STATE_CANCELED 8u
#define SLUICE_ORDER_STATE_REJECTED 9u
#define SLUICE_ORDER_STATE_EXPIRED 10u
#define SLUICE_ORDER_STATE_SUSPENDED 11u
#define SLUICE_ORDER_STATE_OTHER 255u

/* sluice_result.outcome. Submit, modify and cancel end in accepted, rejected, not-sent or unknown; queries and
   lifecycle calls in ok, rejected, not-sent or unknown; each order of a reconcile in found, proven-absent or
   indeterminate. */
#define SLUICE_OUTCOME_OK 1u
#define SLUICE_OUTCOME_ACCEPTED 2u
#define SLUICE_OUTCOME_REJECTED 3u      /* the broker refused; nothing is live */
#define SLUICE_OUTCOME_NOT_SENT 4u      /* nothing left the machine */
#define SLUICE_OUTCOME_UNKNOWN 5u       /* it may be live: never a failure, left only by evidence */
#define SLUICE_OUTCOME_FOUND 6u
#define SLUICE_OUTCOME_PROVEN_ABSENT 7u /* an authoritative look-up says that the broker never had it */
#define SLUICE_OUTCOME_INDETERMINATE 8u

/* sluice_error.code: what went wrong, in one word of ours. The broker's code and words travel beside it verbatim. */
#define SLUICE_CODE_INVALID 1u
#define SLUICE_CODE_UNSUPPORTED 2u
#define SLUICE_CODE_CLOCK 3u
#define SLUICE_CODE_AUTH_EXPIRED 4u
#define SLUICE_CODE_AUTH_REJECTED 5u
#define SLUICE_CODE_FORBIDDEN 6u
#define SLUICE_CODE_RATE_LIMITED 7u
#define SLUICE_CODE_FUNDS 8u
#define SLUICE_CODE_BROKER_RISK 9u
#define SLUICE_CODE_PRICE_BAND 10u
#define SLUICE_CODE_QUANTITY_RULE 11u
#define SLUICE_CODE_MARKET_CLOSED 12u
#define SLUICE_CODE_HALTED 13u
#define SLUICE_CODE_INSTRUMENT 14u
#define SLUICE_CODE_DUPLICATE 15u       /* client reference already seen: unknown, since the first copy may be live */
#define SLUICE_CODE_NOT_FOUND 16u
#define SLUICE_CODE_ALREADY_FINAL 17u
#define SLUICE_CODE_NETWORK 18u
#define SLUICE_CODE_TIMEOUT 19u
#define SLUICE_CODE_TRUNCATED 20u
#define SLUICE_CODE_BROKER_5XX 21u
#define SLUICE_CODE_PROTOCOL 22u
#define SLUICE_CODE_INTERNAL 23u
#define SLUICE_CODE_OTHER 255u

/* sluice_error.certainty: what the adapter claims about a mutation. The host has the last word: it lowers a claim to
   unknown whenever bytes may have left the machine without a trustworthy reply. */
#define SLUICE_CERTAINTY_NOT_SENT 1u
#define SLUICE_CERTAINTY_REJECTED 2u
#define SLUICE_CERTAINTY_ACCEPTED 3u
#define SLUICE_CERTAINTY_UNKNOWN 4u

/* sluice_error.retry: advice only; the host never repeats a plain mutation blindly. */
#define SLUICE_RETRY_NEVER 1u
#define SLUICE_RETRY_NOW 2u
#define SLUICE_RETRY_AFTER 3u           /* after retry_after_ns */
#define SLUICE_RETRY_AFTER_LOGIN 4u
#define SLUICE_RETRY_AFTER_RECONCILE 5u

#define SLUICE_ROLE_TRADING 1u
#define SLUICE_ROLE_DATA 2u             /* instruments and market data, so that a large download delays no cancel */

#define SLUICE_ENVIRONMENT_LIVE 1u
#define SLUICE_ENVIRONMENT_SANDBOX 2u
#define SLUICE_ENVIRONMENT_REPLAY 3u

#define SLUICE_SESSION_OPENING 1u
#define SLUICE_SESSION_CHALLENGE 2u     /* waits for a person */
#define SLUICE_SESSION_READY 3u         /* takes every command */
#define SLUICE_SESSION_DEGRADED 4u      /* takes cancels, queries, reconcile, and orders flagged closing */
#define SLUICE_SESSION_CLOSING 5u
#define SLUICE_SESSION_CLOSED 6u
#define SLUICE_SESSION_FAILED 7u

#define SLUICE_LEVEL_TRACE 1u
#define SLUICE_LEVEL_DEBUG 2u
#define SLUICE_LEVEL_INFO 3u
#define SLUICE_LEVEL_NOTICE 4u
#define SLUICE_LEVEL_WARNING 5u
#define SLUICE_LEVEL_ERROR 6u

#define SLUICE_METRIC_COUNTER 1u        /* value is added */
#define SLUICE_METRIC_GAUGE 2u          /* value replaces */
#define SLUICE_METRIC_DURATION_NS 3u    /* value is recorded in a histogram */

#define SLUICE_KV_CACHE 1u              /* may vanish at any time; has a time to live */
#define SLUICE_KV_DURABLE 2u            /* written in the commit that carries the reports of the same lane call */

#define SLUICE_TRADE_NEW 1u
#define SLUICE_TRADE_CORRECT 2u         /* replaces the execution named in `replaces` */
#define SLUICE_TRADE_BUST 3u            /* takes the execution named in `replaces` back */

#define SLUICE_LIQUIDITY_MAKER 1u
#define SLUICE_LIQUIDITY_TAKER 2u

#define SLUICE_QUERY_ORDER 1u           /* filter.order_ref; rows: sluice_order_update */
#define SLUICE_QUERY_ORDERS 2u          /* rows: sluice_order_update */
#define SLUICE_QUERY_TRADES 3u          /* rows: sluice_trade_update */
#define SLUICE_QUERY_POSITIONS 4u       /* rows: sluice_position */
#define SLUICE_QUERY_HOLDINGS 5u        /* rows: sluice_holding */
#define SLUICE_QUERY_FUNDS 6u           /* rows: sluice_funds */
#define SLUICE_QUERY_MARGINS 7u         /* rows: sluice_margin */
#define SLUICE_QUERY_INSTRUMENTS 8u     /* rows: sluice_instrument_row */
#define SLUICE_QUERY_PROFILE 9u         /* rows: sluice_profile */
#define SLUICE_QUERY_ORDER_HISTORY 10u  /* filter.order_ref; rows: sluice_order_update, oldest first */
#define SLUICE_QUERY_QUOTES 11u         /* filter.instruments; rows: sluice_quote */
#define SLUICE_QUERY_CANDLES 12u        /* filter.instruments, from, to, interval_ns; rows: sluice_candle */

#define SLUICE_ROLE_OF_CHILD_SLICE 1u
#define SLUICE_ROLE_OF_CHILD_LEG 2u
#define SLUICE_ROLE_OF_CHILD_STOP 3u
#define SLUICE_ROLE_OF_CHILD_TARGET 4u
#define SLUICE_ROLE_OF_CHILD_REPLACEMENT 5u

#define SLUICE_MODE_IN_PROCESS 1u
#define SLUICE_MODE_CHILD 2u

/* sluice_changes.fields: which fields of a modify are set */
#define SLUICE_CHANGE_QUANTITY 0x1u     /* the new total quantity of the order, filled part included */
#define SLUICE_CHANGE_PRICE 0x2u
#define SLUICE_CHANGE_TRIGGER_PRICE 0x4u
#define SLUICE_CHANGE_DISCLOSED_QUANTITY 0x8u
#define SLUICE_CHANGE_TIME_IN_FORCE 0x10u
#define SLUICE_CHANGE_ORDER_TYPE 0x20u

/* sluice_descriptor.capabilities[0]. An unset bit means that the call is never made. */
#define SLUICE_CAN_SUBMIT 0x1ull
#define SLUICE_CAN_SUBMIT_BATCH 0x2ull
#define SLUICE_CAN_MODIFY 0x4ull
#define SLUICE_CAN_CANCEL 0x8ull
#define SLUICE_CAN_CANCEL_ALL 0x10ull
#define SLUICE_CAN_PREVIEW 0x20ull
#define SLUICE_CAN_QUERY_ORDERS 0x40ull     /* order, orders */
#define SLUICE_CAN_QUERY_TRADES 0x80ull
#define SLUICE_CAN_QUERY_POSITIONS 0x100ull
#define SLUICE_CAN_QUERY_HOLDINGS 0x200ull
#define SLUICE_CAN_QUERY_FUNDS 0x400ull
#define SLUICE_CAN_QUERY_MARGINS 0x800ull
#define SLUICE_CAN_QUERY_INSTRUMENTS 0x1000ull
#define SLUICE_CAN_QUERY_PROFILE 0x2000ull
#define SLUICE_CAN_RECONCILE 0x4000ull
#define SLUICE_CONSUMES_PRICES 0x8000ull    /* takes on_quote and on_candle for what it watches */
#define SLUICE_CAN_QUERY_ORDER_HISTORY 0x10000ull
#define SLUICE_CAN_QUERY_QUOTES 0x20000ull
#define SLUICE_CAN_QUERY_CANDLES 0x40000ull
/* capabilities[1]: what the broker offers to find an order again */
#define SLUICE_EXCLUSIVE_LOGIN 0x1ull
#define SLUICE_DEDUPES_CLIENT_REFERENCE 0x2ull
#define SLUICE_LOOKUP_BY_CLIENT_REFERENCE 0x4ull
#define SLUICE_ECHOES_TAG 0x8ull
#define SLUICE_STREAMS_REPORTS 0x10ull
#define SLUICE_CANCELS_ON_DISCONNECT 0x20ull

/* ------------------------------------------------------------------------------------------------- entities ----- */

/* The instrument of an order. Quantity everywhere counts units, as the venue's order book counts them; an adapter whose
   broker counts lots or contracts divides exactly by lot_size or refuses. */
typedef struct sluice_instrument_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t uid;               /* the host's number for it, stable within a process */
    sluice_str id;              /* canonical id, "NFO:OPT:NIFTY:20261231:26000:C" */
    sluice_str alias;           /* the adapter's own name for it, as it gave it in its instrument rows; may be absent */
    sluice_bytes broker_data;   /* <= 256 bytes the adapter gave with that row; may be absent */
    sluice_str currency;        /* of price and money */
    sluice_decimal lot_size;    /* smallest tradable multiple, in units */
    sluice_decimal multiplier;  /* money per unit and price point */
    sluice_decimal contract_size;
    sluice_decimal tick;        /* smallest price step */
} sluice_instrument;

/* One order as the host wants it at the broker. The engine has rounded prices and quantities: an adapter refuses what
   is off tick or off step (SLUICE_CODE_INVALID, certainty not-sent), it never rounds, and it substitutes nothing. */
typedef struct sluice_order_1_0 {
    uint32_t struct_size;
    uint32_t account;           /* index within sluice_session_options.accounts */
    uint32_t side;              /* this and the next four are always set */
    uint32_t order_type;
    uint32_t product;
    uint32_t time_in_force;
    uint32_t order_class;
    uint32_t flags;             /* SLUICE_ORDER_CLOSING, REDUCE_ONLY, POST_ONLY, AFTER_MARKET */
    sluice_str client_reference; /* 18 characters [a-z][a-z0-9]*, unique for ever; FIX 11 */
    sluice_str run_id;          /* for the adapter's log lines */
    const sluice_instrument *instrument; /* never null */
    sluice_decimal quantity;    /* units, positive */
    sluice_decimal disclosed_quantity;
    sluice_decimal price;       /* limit and stop-limit */
    sluice_decimal trigger_price; /* stop and stop-limit */
    sluice_decimal trail;
    sluice_time valid_until;    /* GTD */
    sluice_str options;         /* JSON object validated by the descriptor's order_options_schema; may be absent */
} sluice_order;

/* How an order is found again. Fields that are not known are absent. */
typedef struct sluice_order_ref_1_0 {
    uint32_t struct_size;
    uint32_t account;
    sluice_str broker_order_id;
    sluice_str exchange_order_id;
    sluice_str client_reference;
    const sluice_order *order;  /* as last acknowledged; null where the host does not know it */
    sluice_bytes adapter_state; /* <= 1 KiB, opaque, as the adapter last gave it for this order. From the adapter:
                                   absent leaves what the host keeps */
} sluice_order_ref;

/* One order of a batch. The element type of submit_batch's span. */
typedef struct sluice_batch_item_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    sluice_token token;
    const sluice_order *order;  /* never null */
} sluice_batch_item;

/* What a modify changes: only the fields named in `fields`. */
typedef struct sluice_changes_1_0 {
    uint32_t struct_size;
    uint32_t fields;            /* SLUICE_CHANGE_* bits */
    sluice_decimal quantity;
    sluice_decimal price;
    sluice_decimal trigger_price;
    sluice_decimal disclosed_quantity;
    uint32_t time_in_force;
    uint32_t order_type;
    sluice_str client_reference; /* fresh reference of the replacing order */
    sluice_str options;         /* as sluice_order.options, of this modify alone; may be absent */
} sluice_changes;

/* Why something did not succeed. */
typedef struct sluice_error_1_0 {
    uint32_t struct_size;
    uint32_t code;              /* SLUICE_CODE_* */
    uint32_t certainty;         /* SLUICE_CERTAINTY_*; 0 = the default verdict of the code */
    uint32_t retry;             /* SLUICE_RETRY_* */
    int64_t retry_after_ns;
    sluice_str broker_code;     /* verbatim */
    sluice_str broker_text;     /* verbatim */
    sluice_str text;            /* the adapter's own sentence */
    sluice_str field;           /* the offending field of the command, by its name in this header */
    uint32_t http_status;
    uint32_t reserved;
} sluice_error;

/* One of several orders that a single command made at the broker. */
typedef struct sluice_child_1_0 {
    uint32_t struct_size;
    uint32_t role;              /* SLUICE_ROLE_OF_CHILD_* */
    struct sluice_order_ref_1_0 ref;
    sluice_decimal quantity;
    uint32_t outcome;
    uint32_t reserved;
    const sluice_error *error;  /* null = none */
} sluice_child;

/* How a command ended. Exactly one for each accepted token. */
typedef struct sluice_result_1_0 {
    uint32_t struct_size;
    uint32_t outcome;           /* SLUICE_OUTCOME_* */
    uint32_t order_state;       /* SLUICE_ORDER_STATE_* or 0 */
    uint32_t reserved;
    const sluice_order_ref *order_ref; /* null = none */
    const sluice_error *error;  /* null = none */
    sluice_span children;       /* of sluice_child */
    sluice_str replaced_by;     /* broker id of the order that took this one's place */
    sluice_str parent_ref;
    sluice_time broker_time;
    sluice_str document;        /* JSON: the result of a vendor call (services.h) */
} sluice_result;

/* The state of one order as the broker reports it. Cumulative quantity here is a hint: positions move only by
   sluice_trade_update. */
typedef struct sluice_order_update_1_0 {
    uint32_t struct_size;
    uint32_t state;             /* SLUICE_ORDER_STATE_* */
    struct sluice_order_ref_1_0 ref; /* ref.account is set */
    sluice_decimal cumulative_quantity;
    sluice_decimal leaves_quantity;
    sluice_decimal average_price;
    const sluice_error *reason; /* null = none */
    sluice_time broker_time;
    uint64_t sequence;          /* the broker's own order of reports, 0 = none */
    sluice_str raw_state;       /* the broker's word, where state is OTHER */
    const sluice_order *order;  /* in rows of a query: the order as the broker holds it; else null */
} sluice_order_update;

/* One fee of a trade; positive is paid by the account. */
typedef struct sluice_fee_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    sluice_str name;
    sluice_str currency;
    sluice_decimal amount;
} sluice_fee;

/* One execution. The only thing that moves positions. The execution id is the broker's, never invented. */
typedef struct sluice_trade_update_1_0 {
    uint32_t struct_size;
    uint32_t kind;              /* SLUICE_TRADE_* */
    struct sluice_order_ref_1_0 ref; /* ref.account is set */
    sluice_str execution_id;
    sluice_str replaces;
    uint32_t side;
    uint32_t liquidity;         /* SLUICE_LIQUIDITY_* or 0 */
    sluice_str instrument_id;   /* canonical id; needed where the order is not the host's own */
    sluice_decimal quantity;
    sluice_decimal price;
    sluice_span fees;           /* of sluice_fee */
    sluice_time trade_time;
} sluice_trade_update;

typedef struct sluice_position_1_0 {
    uint32_t struct_size;
    uint32_t account;
    sluice_str instrument_id;
    uint32_t product;
    uint32_t reserved;
    sluice_decimal quantity;    /* signed */
    sluice_decimal average_price;
    sluice_decimal realised;
    sluice_decimal overnight_quantity;
} sluice_position;

typedef struct sluice_holding_1_0 {
    uint32_t struct_size;
    uint32_t account;
    sluice_str instrument_id;
    sluice_decimal quantity;
    sluice_decimal free;
    sluice_decimal pledged;
    sluice_decimal average_price;
} sluice_holding;

typedef struct sluice_funds_1_0 {
    uint32_t struct_size;
    uint32_t account;
    sluice_str currency;
    sluice_decimal cash;
    sluice_decimal available;   /* free margin */
    sluice_decimal used;        /* blocked margin */
    sluice_decimal equity;      /* cash + value of positions */
    sluice_time as_of;          /* the instant the figures hold for */
} sluice_funds;

typedef struct sluice_margin_1_0 {
    uint32_t struct_size;
    uint32_t account;
    sluice_str client_reference; /* absent = the whole basket */
    sluice_str currency;
    sluice_decimal required;
    sluice_decimal charges;
    const sluice_error *error;  /* not null: the broker would refuse this order, and why */
} sluice_margin;

/* One instrument as an adapter knows it. */
typedef struct sluice_instrument_row_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    sluice_str id;              /* absent: a part of the list that could not be read, `name` says why; what its alias
                                   or broker_data names stays listed, and without them nothing is withdrawn that has
                                   not expired */
    sluice_str alias;
    sluice_bytes broker_data;
    sluice_str name;
    sluice_str currency;
    sluice_decimal lot_size;
    sluice_decimal multiplier;
    sluice_decimal contract_size;
    sluice_decimal tick;
    sluice_decimal freeze_quantity;
    sluice_decimal price_low;   /* day range */
    sluice_decimal price_high;
    sluice_decimal min_quantity;
    sluice_decimal max_quantity;
    sluice_str isin;
    sluice_str underlying;      /* canonical id */
    sluice_time last_trading;   /* the last moment the instrument trades; absent for what does not end */
} sluice_instrument_row;

typedef struct sluice_profile_1_0 {
    uint32_t struct_size;
    uint32_t account;
    sluice_str account_id;
    sluice_str name;
    sluice_str owner;
    sluice_str currency;
} sluice_profile;

/* The latest prices of an instrument. Absent fields are unknown, never zero. */
typedef struct sluice_quote_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t instrument;        /* uid */
    sluice_str instrument_id;
    sluice_decimal last;
    sluice_decimal last_size;
    sluice_decimal bid;
    sluice_decimal bid_size;
    sluice_decimal ask;
    sluice_decimal ask_size;
    sluice_time exchange_time;  /* the source's own stamp */
    sluice_time received_time;  /* the host's stamp at arrival */
} sluice_quote;

/* A finished bar, delivered at its end. */
typedef struct sluice_candle_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t instrument;        /* uid */
    sluice_str instrument_id;
    sluice_time start;          /* of the bar, the source's own time */
    int64_t length_ns;
    sluice_decimal open;
    sluice_decimal high;
    sluice_decimal low;
    sluice_decimal close;
    sluice_decimal volume;
    sluice_time received_time;
} sluice_candle;

/* One fact of a log line. */
typedef struct sluice_field_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    sluice_str key;
    sluice_str value;
} sluice_field;

/* Narrows a query or a cancel_all. Absent fields do not narrow. */
typedef struct sluice_filter_1_0 {
    uint32_t struct_size;
    uint32_t account;           /* always set */
    sluice_str instrument_id;
    const sluice_order_ref *order_ref; /* QUERY_ORDER only, else null */
    sluice_str cursor;          /* as the last completion's order_ref.broker_order_id gave it; absent = first page */
    uint32_t limit;             /* rows a page, 0 = the adapter's choice */
    uint32_t reserved;
    sluice_span instruments;    /* of sluice_instrument: QUERY_QUOTES and QUERY_CANDLES */
    sluice_time from;           /* QUERY_CANDLES: the first bar's start; QUERY_TRADES, QUERY_ORDERS: not before */
    sluice_time to;             /* exclusive */
    int64_t interval_ns;        /* QUERY_CANDLES: the length of a bar */
} sluice_filter;

/* One order of a reconcile. One call is one look-up; the host repeats it after the declared visibility delay. */
typedef struct sluice_reconcile_item_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    sluice_token token;
    struct sluice_order_ref_1_0 ref;
    sluice_time written_time;   /* when the submit was handed over; absent = not known to have been */
} sluice_reconcile_item;

/* ----------------------------------------------------------------------------------------------- descriptor ----- */

typedef struct sluice_limits_1_0 {
    uint32_t struct_size;
    uint32_t max_batch;         /* orders a batch, 0 = no batches */
    uint32_t client_reference_max; /* bytes the broker carries */
    uint32_t max_in_flight;     /* commands without completion a session may hold, 0 = the host's default */
} sluice_limits;

#define SLUICE_RATE_QUEUE 0u            /* what is over a window waits */
#define SLUICE_RATE_REFUSE 1u           /* what is over a window is not sent */

/* A rate window: at most `units` in any `window_ns`. */
typedef struct sluice_rate_window_1_0 {
    uint32_t struct_size;
    uint32_t units;
    int64_t window_ns;
    int64_t resets_after_midnight_ns; /* a daily window ends at this time of day and window_ns is 24 h */
    sluice_str zone;            /* IANA name of that day's zone; absent = no such time, the window slides */
} sluice_rate_window;

typedef struct sluice_rate_bucket_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    sluice_str id;              /* "orders" is the bucket that each submit, modify and cancel costs one unit of, "reads"
                                   that of each look-up and each page of a query */
    sluice_str scope_key;       /* "account", "login" */
    sluice_span windows;        /* of sluice_rate_window */
    uint32_t mode;              /* SLUICE_RATE_* */
    uint32_t reserved_2;
} sluice_rate_bucket;

/* Who the adapter is and what it can do. Static data. */
typedef struct sluice_descriptor_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    sluice_str id;              /* [a-z0-9-]{1,32}; equals the manifest's id and the note's */
    sluice_str name;
    sluice_str vendor;
    sluice_str version;
    sluice_str licence;
    sluice_str homepage;
    sluice_str language;        /* "C", "Swift 6.3.1" */
    sluice_str sdk_version;
    uint64_t capabilities[4];
    int64_t visibility_delay_ns; /* how long until an accepted order is sure to be found by a look-up */
    sluice_str config_schema;   /* JSON Schema of the account's config */
    sluice_str capability_document; /* JSON: order types x products x exchanges x validities x order classes */
    sluice_str order_options_schema; /* JSON Schema of sluice_order.options; absent = no options are taken */
    sluice_span rate_buckets;   /* of sluice_rate_bucket */
    struct sluice_limits_1_0 limits;
} sluice_descriptor;

/* -------------------------------------------------------------------------------------------- session options --- */

typedef struct sluice_account_1_0 {
    uint32_t struct_size;
    uint32_t index;             /* equals its place in the span */
    sluice_str id;              /* the host's account id */
    sluice_str currency;
    sluice_str config;          /* JSON object, validated by config_schema */
} sluice_account;

typedef struct sluice_session_options_1_0 {
    uint32_t struct_size;
    uint32_t role;
    uint32_t environment;
    uint32_t reserved;
    sluice_str login;           /* the login that the accounts share */
    sluice_span accounts;       /* of sluice_account; at least one */
    uint64_t grants;            /* SLUICE_GRANT_* of services.h */
} sluice_session_options;

/* ------------------------------------------------------------------------------------------------- the host ----- */

typedef struct sluice_session sluice_session; /* the adapter's own, opaque to the host */
typedef struct sluice_host_1_0 sluice_host;

/* What the host does for one session. The table lives from session_create until destroy returns.
   All functions: [lane], during a call of this session only. Each copies what it is given. */
struct sluice_host_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    void *host_data;            /* the host's own; an adapter does not touch it */

    /* Writes one line to the operator's log. `text` is a constant sentence; facts go in `fields` (sluice_field).
       No secret belongs here. Lines over the manifest's log rate are dropped and counted. */
    void (*log)(const sluice_host *host, uint32_t level, sluice_str text, sluice_span fields);

    /* Wall clock, frozen during one lane call. */
    sluice_time (*now)(const sluice_host *host);

    /* Fills `length` bytes from the system's cryptographic source (from the seed in replay). <= 4096 a call. */
    sluice_status (*random)(const sluice_host *host, uint8_t *bytes, uint64_t length);

    /* Counts or measures something for the operator. `name` is [a-z0-9_]{1,64}; <= 256 names a session. */
    sluice_status (*metric)(const sluice_host *host, sluice_str name, uint32_t kind, int64_t value);

    /* Asks for on_timer(tag) once: after a monotonic delay, or at a wall time. Yields the timer's number, never 0.
       At most 4,096 pending a session (ERR_QUOTA). Pending timers die with the session. */
    sluice_status (*timer_after)(const sluice_host *host, int64_t delay_ns, uint64_t tag, uint64_t *timer);
    sluice_status (*timer_at)(const sluice_host *host, sluice_time at, uint64_t tag, uint64_t *timer);
    sluice_status (*timer_cancel)(const sluice_host *host, uint64_t timer);

    /* Key-value store, one name space an account (index). Key <= 256 bytes, value <= 64 KiB, quota by manifest.
       class CACHE has a time to live (ttl_ns, 0 = until evicted); DURABLE is written in the commit that carries the
       reports of this lane call, so that an adapter's memory and what the host heard of it never disagree.
       get: ERR_NOT_FOUND where absent; the view stays valid until the lane call returns.
       list: every durable key of the account that begins with prefix, in byte order, one call of `each` a key. */
    sluice_status (*kv_get)(const sluice_host *host, uint32_t account, uint32_t kv_class, sluice_str key,
                            sluice_bytes *value);
    sluice_status (*kv_put)(const sluice_host *host, uint32_t account, uint32_t kv_class, sluice_str key,
                            sluice_bytes value, int64_t ttl_ns);
    sluice_status (*kv_delete)(const sluice_host *host, uint32_t account, uint32_t kv_class, sluice_str key);
    sluice_status (*kv_list)(const sluice_host *host, uint32_t account, sluice_str prefix, void *context,
                             void (*each)(void *context, sluice_str key, sluice_bytes value));

    /* Begins (on != 0) or ends the flow of on_quote and on_candle for an instrument. Where the host already has a
       price, an on_quote follows as soon as the current call has returned. At most 100,000 instruments a session.
       ERR_NOT_FOUND: no such instrument. Needs SLUICE_CONSUMES_PRICES. */
    sluice_status (*watch_prices)(const sluice_host *host, sluice_str instrument_id, uint32_t on);

    /* Reports the session's state. `error` may be null. expires_at: when the login ends, if known. */
    sluice_status (*session_state)(const sluice_host *host, uint32_t state, sluice_time expires_at,
                                   const sluice_error *error);

    /* Ends a command: exactly once for each accepted token, in the call that brought it or later.
       ERR_NOT_FOUND: the token is not open (never issued, completed already, or ended by the host's deadline). */
    sluice_status (*complete)(const sluice_host *host, sluice_token token, const sluice_result *result);

    /* Rows of a query (the element type stands at SLUICE_QUERY_*) or of a preview (sluice_margin). May come in several
       calls before the completion, never after it. At most 10,000 rows a call. */
    sluice_status (*rows)(const sluice_host *host, sluice_token token, sluice_span rows);

    /* News of orders (sluice_order_update) and executions (sluice_trade_update), in any order and multiplicity: the
       host makes the same final state of them. At most 10,000 a call. */
    sluice_status (*order_update)(const sluice_host *host, sluice_span updates);
    sluice_status (*trade_update)(const sluice_host *host, sluice_span updates);

    /* An extension of the host by id ("org.sluice.<name>/1"), or null. The pointer lives as long as the host table. */
    const void *(*get_extension)(const sluice_host *host, sluice_str id);
};

/* ---------------------------------------------------------------------------------------------- the session ----- */

/* What the host asks of a session. All functions: [lane].
   Commands that take a token: SLUICE_OK means accepted, and exactly one completion follows, in the call or later; a
   negative status means that there is none. On the host's deadline the host completes the token itself and says so by
   on_cancelled; a deadline ends a wait, it never takes an order back. */
typedef struct sluice_session_functions_1_0 {
    uint32_t struct_size;
    uint32_t reserved;

    /* Begins the login; session_state reports the way to ready. [created, closed, failed] */
    sluice_status (*open)(sluice_session *session, sluice_token token);

    /* Ends the login. Tokens still open are completed within 5 s; then the host completes them. [any state] */
    sluice_status (*close)(sluice_session *session, sluice_token token);

    /* Frees the session. The last call, once; emits nothing. [any state] */
    void (*destroy)(sluice_session *session);

    /* Places one order. [ready; degraded only for orders flagged CLOSING] */
    sluice_status (*submit)(sluice_session *session, sluice_token token, const sluice_order *order);

    /* Places several (sluice_batch_item), at most limits.max_batch. One token an order; partial success is normal.
       Needs SLUICE_CAN_SUBMIT_BATCH. [ready] */
    sluice_status (*submit_batch)(sluice_session *session, sluice_span items);

    /* Changes a live order. Accepted: the order now carries changes->client_reference. Losing the race against a fill
       or cancel is REJECTED with NOT_FOUND or ALREADY_FINAL. Needs SLUICE_CAN_MODIFY. [ready] */
    sluice_status (*modify)(sluice_session *session, sluice_token token, const sluice_order_ref *ref,
                            const sluice_changes *changes);

    /* Cancels a live order. ACCEPTED: the broker took the request; the state CANCELED follows by order_update.
       Needs SLUICE_CAN_CANCEL. [ready, degraded] */
    sluice_status (*cancel)(sluice_session *session, sluice_token token, const sluice_order_ref *ref);

    /* Cancels every live order that the filter matches. Needs SLUICE_CAN_CANCEL_ALL. [ready, degraded] */
    sluice_status (*cancel_all)(sluice_session *session, sluice_token token, const sluice_filter *filter);

    /* Says what the broker would make of these orders (sluice_batch_item, tokens 0) without placing them: rows of
       sluice_margin, one an order by client_reference, then one for the basket. Needs SLUICE_CAN_PREVIEW. [ready] */
    sluice_status (*preview)(sluice_session *session, sluice_token token, sluice_span orders);

    /* Reads. Rows, then the completion; an empty result is OK without rows. A page that is not the last completes with
       order_ref.broker_order_id = the next cursor. Needs the kind's capability bit. [ready, degraded] */
    sluice_status (*query)(sluice_session *session, uint32_t kind, sluice_token token, const sluice_filter *filter);

    /* Looks orders up at the broker (sluice_reconcile_item): each token ends in FOUND (with order_ref, order_state and,
       before it, the order's trade updates), PROVEN_ABSENT or INDETERMINATE. Needs SLUICE_CAN_RECONCILE.
       [ready, degraded] */
    sluice_status (*reconcile)(sluice_session *session, sluice_span items);

    /* A timer asked for by timer_after or timer_at. [any state] */
    void (*on_timer)(sluice_session *session, uint64_t timer, uint64_t tag);

    /* Prices of watched instruments. Quotes may be conflated to the latest, candles never are. [any state] */
    void (*on_quote)(sluice_session *session, sluice_span quotes);   /* of sluice_quote */
    void (*on_candle)(sluice_session *session, sluice_span candles); /* of sluice_candle */

    /* The host completed this token itself, on its deadline. Nothing more is expected for it. [any state] */
    void (*on_cancelled)(sluice_session *session, sluice_token token);
} sluice_session_functions;

/* ----------------------------------------------------------------------------------------------- the module ----- */

typedef struct sluice_module_1_0 sluice_module;

/* The adapter's face. Static data. All functions: [any], pure. Each is given the module it was called through, so that
   one piece of code can serve several adapters of a program; module_data is how it tells them apart. */
struct sluice_module_1_0 {
    uint32_t struct_size;
    uint32_t reserved;
    void *module_data;          /* the adapter's own; the host does not touch it */
    const sluice_session_functions *session;

    /* Always the same static data. Never null. */
    const sluice_descriptor *(*describe)(const sluice_module *module);

    /* Makes a session in state created. On a negative status nothing was made, *session stays null and *error may say
       why (static text, or valid until the next call from the same thread). The host sets *session to null and *error
       to absent before the call. `host` outlives the session. No host function may be called from here. */
    sluice_status (*session_create)(const sluice_module *module, const sluice_host *host,
                                    const sluice_session_options *options, sluice_session **session,
                                    sluice_str *error);

    /* An extension of the adapter by id ("org.sluice.<name>/1"), or null for every other text. */
    const void *(*get_extension)(const sluice_module *module, sluice_str id);

    /* A sentence for a raw broker code, static text; absent where unknown. */
    sluice_str (*explain)(const sluice_module *module, sluice_str broker_code);
};

/* ------------------------------------------------------------------------------------------------- the entry ---- */

/* What the host offers. */
typedef struct sluice_hello_1_0 {
    uint32_t struct_size;
    uint32_t mode;              /* SLUICE_MODE_* */
    uint64_t magic;             /* SLUICE_MAGIC */
    uint32_t abi_minor_min;
    uint32_t abi_minor_max;
    uint32_t vocabulary_min;
    uint32_t vocabulary_max;
    uint64_t host_features;     /* none are defined yet */
    sluice_str host_name;
    sluice_str host_version;
} sluice_hello;

#define SLUICE_REFUSAL_MINOR 1u         /* no common minor */
#define SLUICE_REFUSAL_VOCABULARY 2u
#define SLUICE_REFUSAL_MAGIC 3u
#define SLUICE_REFUSAL_OTHER 255u

/* What the adapter picks: the highest minor both sides know, or a refusal with a reason. The host sets struct_size and
   zeroes the rest before the call. */
typedef struct sluice_reply_1_0 {
    uint32_t struct_size;
    uint32_t abi_minor;
    uint32_t vocabulary;
    uint32_t refusal;           /* SLUICE_REFUSAL_* or 0 */
    const sluice_module *module; /* null on refusal */
    sluice_str refusal_text;    /* static text */
} sluice_reply;

/* The one exported symbol. Idempotent, the same pointers from every call and every thread, no side effects, done within
   5 ms. SLUICE_OK with reply->module set, or SLUICE_ERR_VERSION with a refusal. [any] */
#define SLUICE_ENTRY_NAME "sluice_adapter_v1"
SLUICE_EXPORT sluice_status sluice_adapter_v1(const sluice_hello *hello, sluice_reply *reply);

/* --------------------------------------------------------------------------------------------------- the note ---- */

/* The ELF note repeats what must be known before a line of the library runs. Section ".note.sluice", owner "sluice",
   type 1, and this as its descriptor, each text filled up with zeros (one that fills its room has no terminator). The
   loader reads it from the file, refuses on mismatch, and compares it with the descriptor after the load. */
typedef struct sluice_note_descriptor {
    uint32_t abi_major;
    uint32_t abi_minor;
    char id[32];
    char version[32];
    char swift_release[32];     /* the Swift release whose dynamic runtime the library needs, "" = none */
} sluice_note_descriptor;

#define SLUICE_NOTE_TYPE 1u

/* Writes the note; use once, in one C file of the adapter: SLUICE_NOTE("acme", "1.2.0", "");
   Each text has at most 32 bytes (31 in C++, which insists on the terminator). */
#if defined(__ELF__)
#if defined(__has_attribute)
#if __has_attribute(retain)
#define SLUICE_NOTE_KEPT used, retain
#endif
#endif
#ifndef SLUICE_NOTE_KEPT
#define SLUICE_NOTE_KEPT used
#endif
#define SLUICE_NOTE(id_text, version_text, swift_release_text)                                                         \
    __attribute__((section(".note.sluice"), SLUICE_NOTE_KEPT, aligned(4))) static const struct sluice_note {           \
        uint32_t owner_size, descriptor_size, type;                                                                    \
        char owner[8];                                                                                                 \
        sluice_note_descriptor descriptor;                                                                             \
    } sluice_note_ = {7u, (uint32_t)sizeof(sluice_note_descriptor), SLUICE_NOTE_TYPE, "sluice\0",                     \
                      {SLUICE_ABI_MAJOR, SLUICE_ABI_MINOR, id_text, version_text, swift_release_text}}
#endif

/* Defines the entry in the one C file of an adapter whose logic stands elsewhere under another name (two adapters can
   then be tested in one program): SLUICE_ENTRY(acme_entry); */
#define SLUICE_ENTRY(function)                                                                                         \
    SLUICE_C sluice_status function(const sluice_hello *hello, sluice_reply *reply);                                   \
    SLUICE_C SLUICE_EXPORT sluice_status sluice_adapter_v1(const sluice_hello *hello, sluice_reply *reply) {           \
        return function(hello, reply);                                                                                 \
    }                                                                                                                  \
    SLUICE_C sluice_status function(const sluice_hello *hello, sluice_reply *reply)

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* SLUICE_ADAPTER_H */
