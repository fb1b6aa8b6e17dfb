#include "CTimeCounter.h"

#if defined(__x86_64__) && defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int firn_has_time_counter(void) {
    static const char path[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    static const char wanted[] = "tsc\n";
    char text[sizeof wanted];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count;
    do count = read(file, text, sizeof text);
    while (count < 0 && errno == EINTR);
    close(file);
    return count == sizeof wanted - 1 && memcmp(text, wanted, sizeof wanted - 1) == 0;
}

#else

int firn_has_time_counter(void) { return 0; }

#endif
