// Counts of durations in buckets that grow with them: 32 to each doubling, so a quantile is right to about 3 %.

#ifndef FIRN_BENCHMARK_HISTOGRAM_H
#define FIRN_BENCHMARK_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_STEP_BITS = 5,
    HISTOGRAM_STEPS = 1 << HISTOGRAM_STEP_BITS,
    HISTOGRAM_BUCKETS = (64 - HISTOGRAM_STEP_BITS + 1) * HISTOGRAM_STEPS,
};

struct histogram {
    uint64_t total;
    uint64_t counts[HISTOGRAM_BUCKETS];
};

static inline void histogram_add(struct histogram *histogram, uint64_t value) {
    unsigned bucket = (unsigned)value;
    if (value >= HISTOGRAM_STEPS) {
        unsigned shift = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_STEP_BITS;
        bucket = (shift << HISTOGRAM_STEP_BITS) + (unsigned)(value >> shift);
    }
    histogram->counts[bucket]++;
    histogram->total++;
}

/// The lowest value of the bucket in which `fraction` of all values are reached.
static inline uint64_t histogram_quantile(const struct histogram *histogram, double fraction) {
    uint64_t wanted = (uint64_t)(fraction * (double)histogram->total), seen = 0;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->counts[bucket];
        if (seen <= wanted) continue;
        if (bucket < 2 * HISTOGRAM_STEPS) return bucket;
        unsigned shift = (bucket >> HISTOGRAM_STEP_BITS) - 1;
        return (uint64_t)(bucket - (shift << HISTOGRAM_STEP_BITS)) << shift;
    }
    return 0;
}

#endif
