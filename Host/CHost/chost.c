#define _GNU_SOURCE
#include "chost.h"

#include <pthread.h>

_Thread_local struct chost_lane chost_current_lane = {0, 0};

void chost_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
