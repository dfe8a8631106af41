/* The one symbol that libsluice-zerodha.so exports. The logic stands in the target Zerodha, under a name of its own, so
   that several adapters can be tested in one program. */
#include "sluice/adapter.h"

SLUICE_NOTE("zerodha", "1.0.0", "6.3.1");
SLUICE_ENTRY(sluice_zerodha_entry);
