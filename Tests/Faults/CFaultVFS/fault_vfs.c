#include "fault_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct fault_vfs_watch {
    char *prefix;
    fault_vfs_observer observer;
    struct fault_vfs_watch *next;
};

typedef struct fault_file {
    sqlite3_file file;
    sqlite3_file *real;
    fault_vfs_watch *watch;
    char *path;
} fault_file;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static fault_vfs_watch *watches;
static sqlite3_vfs *base;
static sqlite3_vfs shim;

static fault_vfs_watch *watch_of(const char *path) {
    fault_vfs_watch *found = NULL;
    if (!path) return NULL;
    pthread_mutex_lock(&lock);
    for (fault_vfs_watch *each = watches; each && !found; each = each->next)
        if (!strncmp(path, each->prefix, strlen(each->prefix))) found = each;
    pthread_mutex_unlock(&lock);
    return found;
}

static int32_t before(fault_vfs_watch *watch, int operation, const char *path, int64_t offset, const void *bytes,
                      int count) {
    return watch->observer.before(watch->observer.context, operation, path, offset, bytes, count);
}

static void after(fault_vfs_watch *watch, int operation, const char *path, int64_t offset, const void *bytes,
                  int count) {
    watch->observer.after(watch->observer.context, operation, path, offset, bytes, count);
}

static int code_of(int32_t verdict) { return verdict & (FAULT_VFS_HALF - 1); }

/* ---- one file ---- */

static sqlite3_file *real_of(sqlite3_file *file) { return ((fault_file *)file)->real; }

static int file_close(sqlite3_file *file) {
    fault_file *self = (fault_file *)file;
    int result = self->real->pMethods ? self->real->pMethods->xClose(self->real) : SQLITE_OK;
    free(self->path);
    self->path = NULL;
    return result;
}

static int file_read(sqlite3_file *file, void *into, int count, sqlite3_int64 offset) {
    fault_file *self = (fault_file *)file;
    int32_t verdict = before(self->watch, FAULT_VFS_READ, self->path, offset, NULL, count);
    return verdict ? code_of(verdict) : self->real->pMethods->xRead(self->real, into, count, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    fault_file *self = (fault_file *)file;
    int32_t verdict = before(self->watch, FAULT_VFS_WRITE, self->path, offset, bytes, count);
    int written = verdict & FAULT_VFS_HALF ? count / 2 : !verdict || verdict & FAULT_VFS_DONE ? count : 0;
    if (written) {
        int result = self->real->pMethods->xWrite(self->real, bytes, written, offset);
        if (result) return result;
        after(self->watch, FAULT_VFS_WRITE, self->path, offset, bytes, written);
    }
    return code_of(verdict);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    fault_file *self = (fault_file *)file;
    int32_t verdict = before(self->watch, FAULT_VFS_TRUNCATE, self->path, size, NULL, 0);
    if (verdict && !(verdict & FAULT_VFS_DONE)) return code_of(verdict);
    int result = self->real->pMethods->xTruncate(self->real, size);
    if (!result) after(self->watch, FAULT_VFS_TRUNCATE, self->path, size, NULL, 0);
    return result ? result : code_of(verdict);
}

static int file_sync(sqlite3_file *file, int flags) {
    fault_file *self = (fault_file *)file;
    int32_t verdict = before(self->watch, FAULT_VFS_SYNC, self->path, 0, NULL, 0);
    if (verdict && !(verdict & FAULT_VFS_DONE)) return code_of(verdict);
    int result = self->real->pMethods->xSync(self->real, flags);
    if (!result) after(self->watch, FAULT_VFS_SYNC, self->path, 0, NULL, 0);
    return result ? result : code_of(verdict);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level) {
    fault_file *self = (fault_file *)file;
    int32_t verdict = before(self->watch, FAULT_VFS_LOCK, self->path, level, NULL, 0);
    return verdict ? code_of(verdict) : self->real->pMethods->xLock(self->real, level);
}

static int file_unlock(sqlite3_file *file, int level) { return real_of(file)->pMethods->xUnlock(real_of(file), level); }

static int file_reserved(sqlite3_file *file, int *out) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int file_control(sqlite3_file *file, int operation, void *argument) {
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int file_sector(sqlite3_file *file) { return real_of(file)->pMethods->xSectorSize(real_of(file)); }

static int file_characteristics(sqlite3_file *file) {
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out) {
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, out);
}

static int shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    fault_file *self = (fault_file *)file;
    if (flags & SQLITE_SHM_LOCK) {
        int32_t verdict = before(self->watch, FAULT_VFS_LOCK, self->path, offset, NULL, count);
        if (verdict) return code_of(verdict);
    }
    return self->real->pMethods->xShmLock(self->real, offset, count, flags);
}

static void shm_barrier(sqlite3_file *file) { real_of(file)->pMethods->xShmBarrier(real_of(file)); }

static int shm_unmap(sqlite3_file *file, int remove) {
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

/* No mapped pages: every read is seen. */
static int file_fetch(sqlite3_file *file, sqlite3_int64 offset, int count, void **out) {
    (void)file, (void)offset, (void)count;
    *out = NULL;
    return SQLITE_OK;
}

static int file_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *page) {
    (void)file, (void)offset, (void)page;
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    3,          file_close,     file_read,    file_write,  file_truncate,        file_sync, file_size,
    file_lock,  file_unlock,    file_reserved, file_control, file_sector, file_characteristics, shm_map,
    shm_lock,   shm_barrier,    shm_unmap,    file_fetch,  file_unfetch,
};

/* ---- the file system ---- */

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
    (void)vfs;
    fault_vfs_watch *watch = watch_of(name);
    if (!watch) return base->xOpen(base, name, file, flags, out);
    fault_file *self = (fault_file *)file;
    memset(self, 0, sizeof(*self));
    int32_t verdict = before(watch, FAULT_VFS_OPEN, name, 0, NULL, 0);
    if (verdict) return code_of(verdict);
    self->real = (sqlite3_file *)(self + 1);
    self->watch = watch;
    self->path = strdup(name);
    if (!self->path) return SQLITE_NOMEM;
    int result = base->xOpen(base, name, self->real, flags, out);
    if (result) {
        if (self->real->pMethods) self->real->pMethods->xClose(self->real);
        free(self->path);
        return result;
    }
    after(watch, FAULT_VFS_OPEN, name, 0, NULL, 0);
    self->file.pMethods = &methods;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync) {
    (void)vfs;
    fault_vfs_watch *watch = watch_of(name);
    if (!watch) return base->xDelete(base, name, sync);
    int32_t verdict = before(watch, FAULT_VFS_DELETE, name, sync, NULL, 0);
    if (verdict) return code_of(verdict);
    int result = base->xDelete(base, name, sync);
    if (!result) after(watch, FAULT_VFS_DELETE, name, sync, NULL, 0);
    return result;
}

fault_vfs_watch *fault_vfs_begin(const char *prefix, fault_vfs_observer observer) {
    fault_vfs_watch *watch = calloc(1, sizeof(*watch));
    if (!watch || !(watch->prefix = strdup(prefix))) {
        free(watch);
        return NULL;
    }
    watch->observer = observer;
    sqlite3_initialize();
    pthread_mutex_lock(&lock);
    int is_first = !base;
    if (is_first) {
        base = sqlite3_vfs_find(NULL);
        shim = *base; /* what is not replaced is the base's own, and looks at none of this structure but its data */
        shim.zName = "sluice-faults";
        shim.szOsFile = (int)sizeof(fault_file) + base->szOsFile;
        shim.pNext = NULL;
        shim.xOpen = vfs_open;
        shim.xDelete = vfs_delete;
    }
    watch->next = watches;
    watches = watch;
    pthread_mutex_unlock(&lock);
    if (is_first) sqlite3_vfs_register(&shim, 1);
    return watch;
}

void fault_vfs_end(fault_vfs_watch *watch) {
    pthread_mutex_lock(&lock);
    for (fault_vfs_watch **each = &watches; *each; each = &(*each)->next)
        if (*each == watch) {
            *each = watch->next;
            break;
        }
    pthread_mutex_unlock(&lock);
    free(watch->prefix);
    free(watch);
}
