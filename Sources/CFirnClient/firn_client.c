#include "firn_client.h"

_Thread_local struct firn_chunk firn_chunk_of_thread;
