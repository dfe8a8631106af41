/* A target needs a source file; this one proves that the headers compile as C. */
#include <sluice/adapter.h>
#include <sluice/decimal.h>
#include <sluice/fields.h>
#include <sluice/helpers.h>
#include <sluice/services.h>

_Static_assert(sizeof(void *) == 8, "the adapter ABI is for 64-bit machines");
_Static_assert(sizeof(sluice_decimal) == 24 && sizeof(sluice_span) == 24, "leaf values are frozen");
