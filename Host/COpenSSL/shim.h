/* The system's libcrypto (libssl-dev): digests now; signatures when host services that sign arrive. */
#include <openssl/evp.h>
