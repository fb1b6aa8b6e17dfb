// SwiftPM wants a source file in every C target; the header has everything.
#include "firn_client.h"
