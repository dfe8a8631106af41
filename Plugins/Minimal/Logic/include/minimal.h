/* The entry of the Minimal adapter under a name of its own, so that a test program can hold several adapters. */
#ifndef MINIMAL_H
#define MINIMAL_H

#include <sluice/adapter.h>

SLUICE_C sluice_status minimal_entry(const sluice_hello *hello, sluice_reply *reply);

#endif
