/*
 * sluice/decimal.h: exact arithmetic on sluice_decimal for adapters in C and C++. Header-only, no allocation.
 *
 * No binary floating point. What cannot be computed exactly is refused (a function returns 0 and leaves its result
 * alone); nothing is rounded.
 */
#ifndef SLUICE_DECIMAL_H
#define SLUICE_DECIMAL_H

#include <sluice/adapter.h>

__extension__ typedef __int128 sluice_int128;
__extension__ typedef unsigned __int128 sluice_uint128;

/* Whether the value is present and well formed. Ask before the functions below. */
static inline int sluice_decimal_is_valid(sluice_decimal value) {
    return (value.flags & SLUICE_DECIMAL_PRESENT) != 0 && value.exponent >= -38 && value.exponent <= 38;
}

/* mantissa x 10^exponent; exponent in -38...38. */
static inline sluice_decimal sluice_decimal_make(int64_t mantissa, int32_t exponent) {
    sluice_decimal value;
    value.low = (uint64_t)mantissa;
    value.high = mantissa < 0 ? -1 : 0;
    value.exponent = exponent;
    value.flags = SLUICE_DECIMAL_PRESENT;
    return value;
}

static inline sluice_int128 sluice_decimal_mantissa(sluice_decimal value) {
    return (sluice_int128)(((sluice_uint128)(uint64_t)value.high << 64) | value.low);
}

/* -1, 0 or 1: the sign of a value. */
static inline int sluice_decimal_sign(sluice_decimal value) {
    return value.high < 0 ? -1 : (value.high != 0 || value.low != 0);
}

/* Brings two values to one exponent, so that their mantissas compare and divide. 0 where 128 bits do not hold that. */
static inline int sluice_decimal_align(sluice_decimal left, sluice_decimal right, sluice_int128 *left_mantissa,
                                       sluice_int128 *right_mantissa) {
    sluice_int128 a = sluice_decimal_mantissa(left), b = sluice_decimal_mantissa(right);
    int32_t distance = left.exponent - right.exponent;
    for (; distance > 0 && a != 0; distance--)
        if (__builtin_mul_overflow(a, (sluice_int128)10, &a)) return 0;
    for (; distance < 0 && b != 0; distance++)
        if (__builtin_mul_overflow(b, (sluice_int128)10, &b)) return 0;
    *left_mantissa = a;
    *right_mantissa = b;
    return 1;
}

/* -1, 0 or 1 as left is below, equal to or above right, for all valid values. */
static inline int sluice_decimal_compare(sluice_decimal left, sluice_decimal right) {
    sluice_int128 a, b;
    int left_sign = sluice_decimal_sign(left), right_sign = sluice_decimal_sign(right);
    if (left_sign != right_sign) return left_sign < right_sign ? -1 : 1;
    if (sluice_decimal_align(left, right, &a, &b)) return a < b ? -1 : a > b;
    /* Only the one with the higher exponent can have grown out of 128 bits: it is the larger in size. */
    return left.exponent > right.exponent ? left_sign : -left_sign;
}

/* Whether both are present, step is positive, and value is a whole multiple of it. */
static inline int sluice_decimal_is_multiple(sluice_decimal value, sluice_decimal step) {
    sluice_int128 a, b;
    if (!sluice_decimal_is_valid(value) || !sluice_decimal_is_valid(step) || sluice_decimal_sign(step) <= 0) return 0;
    return sluice_decimal_align(value, step, &a, &b) && a % b == 0;
}

#endif /* SLUICE_DECIMAL_H */
