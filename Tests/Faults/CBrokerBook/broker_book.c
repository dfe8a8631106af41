#include "broker_book.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

broker_book *book_map(const char *path) {
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return 0;
    void *book = ftruncate(file, sizeof(broker_book))
                     ? MAP_FAILED
                     : mmap(0, sizeof(broker_book), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return book == MAP_FAILED ? 0 : book;
}

void book_unmap(broker_book *book) {
    if (book) munmap(book, sizeof *book);
}

uint32_t book_load(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
void book_store(uint32_t *word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
