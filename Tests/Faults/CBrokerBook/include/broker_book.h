/* The books of one broker in a file that is mapped: the adapter of the fault table keeps them, the test looks at them, and
   they outlive a process that crashes. Times are wall nanoseconds, prices and quantities whole numbers. */
#ifndef BROKER_BOOK_H
#define BROKER_BOOK_H

#include <stdint.h>

enum { BOOK_ORDERS = 16, BOOK_TRADES = 64, BOOK_TEXT = 32 };

/* Where in the walk a fault strikes. */
enum book_phase {
    PHASE_NONE, PHASE_SUBMIT, PHASE_ACK, PHASE_FILL, PHASE_QUERY, PHASE_DISCONNECT, PHASE_CONNECT, PHASE_CANCEL
};

typedef struct book_order {
    char reference[BOOK_TEXT];
    int64_t quantity, price, executed;
    int64_t visible_at;  /* look-ups and lists do not show it before */
    uint32_t state;      /* SLUICE_ORDER_STATE_* */
    uint32_t side;       /* SLUICE_SIDE_* */
    uint32_t is_void;    /* it never reached the broker */
    uint32_t copies;     /* submits that came under this reference */
} book_order;

typedef struct book_trade {
    char id[BOOK_TEXT];
    uint32_t order;
    uint32_t reserved;
    int64_t quantity, price;
} book_trade;

typedef struct broker_book {
    /* Written by the test. */
    uint32_t fault;      /* 1 to 29, 0 = none */
    uint32_t phase;      /* of the fault */
    uint32_t is_armed;   /* the next time that phase comes, the fault strikes */
    uint32_t is_released; /* a call that hangs returns */
    /* Written by the adapter. */
    uint32_t strikes;
    uint32_t is_hanging;
    uint32_t opens, closes;
    uint32_t order_count, trade_count;
    uint32_t throttled;  /* requests that are answered 429 or 5xx before one is served */
    uint32_t torn_pages; /* lists whose pages contradict each other */
    uint32_t late_refused, late_taken; /* calls after the end of a session, by what the host made of them */
    book_order orders[BOOK_ORDERS];
    book_trade trades[BOOK_TRADES];
} broker_book;

/* Maps the book at `path`, made where it is not there. NULL: it cannot be. */
broker_book *book_map(const char *path);
void book_unmap(broker_book *book);

/* Flags that a test and a thread in a call look at while the other writes. */
uint32_t book_load(const uint32_t *word);
void book_store(uint32_t *word, uint32_t value);

#endif
