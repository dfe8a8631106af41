/* What only the library needs: the note that the loader reads from the file, and the one exported function. */
#include <sluice/adapter.h>

SLUICE_NOTE("minimal", "1.0.0", "");
SLUICE_ENTRY(minimal_entry);
