/* A SQLite VFS for tests: it passes everything on to the default one, and below directories that are watched it asks an
   observer before each operation and tells it after. Files elsewhere never meet it. */
#ifndef FAULT_VFS_H
#define FAULT_VFS_H

#include <stdint.h>

#define FAULT_VFS_OPEN 1
#define FAULT_VFS_READ 2
#define FAULT_VFS_WRITE 3
#define FAULT_VFS_TRUNCATE 4
#define FAULT_VFS_SYNC 5
#define FAULT_VFS_LOCK 6
#define FAULT_VFS_DELETE 7

/* Added to the result code that `before` returns: half of a write is done before it fails; the operation is done, and
   reported as failed all the same. */
#define FAULT_VFS_HALF (1 << 24)
#define FAULT_VFS_DONE (1 << 25)

typedef struct fault_vfs_observer {
    void *context;
    /* Returns 0 to let the operation through, else the SQLite result code that it is to have. Called on whatever thread
       uses the file; `bytes` is set for writes alone, and lent for the call. */
    int32_t (*before)(void *context, int32_t operation, const char *path, int64_t offset, const void *bytes,
                      int32_t count);
    /* The operation was done: for a write as many bytes as were written. */
    void (*after)(void *context, int32_t operation, const char *path, int64_t offset, const void *bytes,
                  int32_t count);
} fault_vfs_observer;

typedef struct fault_vfs_watch fault_vfs_watch;

/* Watches all files whose path begins with `prefix` and that are opened from now on. The first call makes this VFS the
   default one of the process. NULL where there is no memory. Thread-safe. */
fault_vfs_watch *fault_vfs_begin(const char *prefix, fault_vfs_observer observer);

/* Ends it. Every watched file must have been closed. */
void fault_vfs_end(fault_vfs_watch *watch);

#endif
