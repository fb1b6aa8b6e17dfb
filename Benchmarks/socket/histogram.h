// Counts durations in the buckets of an HdrHistogram with three significant digits: 2,048 buckets below 2,048 ns, and
// above that 1,024 per power of two, so that a quantile is exact to 0.1 %. report.py reads this format.

#ifndef FIRN_BENCHMARK_HISTOGRAM_H
#define FIRN_BENCHMARK_HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

enum {
    HISTOGRAM_STEP_BITS = 10,
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

/// The highest value of a bucket, as in HdrHistogram: a reported duration is never too short.
static inline uint64_t histogram_highest(unsigned bucket) {
    if (bucket < 2 * HISTOGRAM_STEPS) return bucket;
    unsigned shift = (bucket >> HISTOGRAM_STEP_BITS) - 1;
    return (((uint64_t)(bucket - (shift << HISTOGRAM_STEP_BITS)) + 1) << shift) - 1;
}

/// The smallest value that `fraction` of all values do not exceed.
static inline uint64_t histogram_quantile(const struct histogram *histogram, double fraction) {
    uint64_t wanted = (uint64_t)(fraction * (double)histogram->total), seen = 0;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->counts[bucket];
        if (seen > wanted) return histogram_highest(bucket);
    }
    return 0;
}

/// Writes a line for each non-empty bucket: its highest value in nanoseconds, and its count.
static inline void histogram_write(const struct histogram *histogram, FILE *file) {
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        if (histogram->counts[bucket] == 0) continue;
        fprintf(file, "%llu %llu\n", (unsigned long long)histogram_highest(bucket),
                (unsigned long long)histogram->counts[bucket]);
    }
}

#endif
