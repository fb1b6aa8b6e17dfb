#!/usr/bin/env bash
# Packages: Debian 12's libsparsehash-dev 2.0.3, robin-map-dev 1.2.1, libtsl-hopscotch-map-dev 2.3.0, and libglib2.0-dev 2.74.6.
# Expected: a hash table of 64-bit IDs compares about one key for each ID that is put into it.
# Seen:     at a low rate, IDs of one worker have 22 low bits that never change. dense_hash_set, sparse_hash_set, robin_set and hopscotch_set
#           have sizes that are powers of two, and take GCC's std::hash, which is the number itself. All IDs have one place, and each
#           new one is compared with thousands. GLib's g_int64_hash takes the low 32 bits, so that ten bits of the time are left:
#           IDs that are whole seconds apart have 128 hashes, however many they are. GCC's own unordered_set has prime sizes and
#           is well, and so are all of them with a full tick.
# Matters:  a test with random or dense IDs is fast; 100,000 IDs as a quiet service has them take nine seconds to put in. Hash the ID
#           first, as is done here with a multiplication. Random low bits, as of Firn's --first-sequence random, help in part.
# Source:   sparsehash/internal/densehashtable.h; tsl/robin_growth_policy.h, power_of_two_growth_policy; GLib's manual on g_int64_hash,
#           which does not say which bits count.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'libsparsehash-dev=2.0.3*' 'robin-map-dev=1.2.1*' 'libtsl-hopscotch-map-dev=2.3.0*' \
    'libglib2.0-dev=2.74.6*' 'libglib2.0-0=2.74.6*'
for package in *.deb; do dpkg -x "$package" root; done
libraries=$(dirname root/usr/lib/*/libglib-2.0.so.0)

cat >tables.cc <<'CPP'
#include <cstdint>
#include <cstdio>
#include <functional>
#include <random>
#include <unordered_set>
#include <vector>

#include <glib.h>
#include <sparsehash/dense_hash_set>
#include <sparsehash/sparse_hash_set>
#include <tsl/hopscotch_set.h>
#include <tsl/robin_set.h>

using IDs = std::vector<std::uint64_t>;

static std::uint64_t comparisons;

struct Equal {
    bool operator()(std::uint64_t one, std::uint64_t other) const {
        comparisons += 1;
        return one == other;
    }
};

struct Multiplied {
    std::size_t operator()(std::uint64_t id) const {
        std::uint64_t product = id * 0x9e3779b97f4a7c15;
        return product ^ product >> 32;
    }
};

static gboolean same(gconstpointer one, gconstpointer other) {
    comparisons += 1;
    return g_int64_equal(one, other);
}

static void tell(const char *name, std::size_t count) {
    std::printf("  %-32s %8.1f\n", name, double(comparisons) / double(count));
    comparisons = 0;
}

template <class Table> static void fill(const char *name, Table table, const IDs &ids) {
    for (std::uint64_t id : ids) table.insert(id);
    tell(name, ids.size());
}

template <class Hash> static google::dense_hash_set<std::uint64_t, Hash, Equal> dense() {
    google::dense_hash_set<std::uint64_t, Hash, Equal> table;
    table.set_empty_key(0);
    return table;
}

static void fill_all(const char *kind, const IDs &ids) {
    using Standard = std::hash<std::uint64_t>;
    std::printf("%s\n", kind);
    fill("dense_hash_set", dense<Standard>(), ids);
    fill("sparse_hash_set", google::sparse_hash_set<std::uint64_t, Standard, Equal>(), ids);
    fill("robin_set", tsl::robin_set<std::uint64_t, Standard, Equal>(), ids);
    fill("hopscotch_set", tsl::hopscotch_set<std::uint64_t, Standard, Equal>(), ids);
    fill("std::unordered_set", std::unordered_set<std::uint64_t, Standard, Equal>(), ids);
    fill("dense_hash_set, multiplied", dense<Multiplied>(), ids);
    fill("robin_set, multiplied", tsl::robin_set<std::uint64_t, Multiplied, Equal>(), ids);
    GHashTable *table = g_hash_table_new(g_int64_hash, same);
    std::unordered_set<guint> hashes;
    for (const std::uint64_t &id : ids) {
        g_hash_table_add(table, (gpointer)&id);
        hashes.insert(g_int64_hash(&id));
    }
    g_hash_table_destroy(table);
    tell("GHashTable, g_int64_hash", ids.size());
    std::printf("    with %zu hashes\n", hashes.size());
}

int main() {
    const std::uint64_t start = 500000000000, worker = 7 << 12;
    IDs slow, random, full;
    std::minstd_rand numbers;
    for (std::uint64_t each = 0; each < 4096; each += 1) {
        slow.push_back((start + each * 1000) << 22 | worker);
        random.push_back((start + each * 1000) << 22 | worker | (numbers() >> 8) % 2048);
        full.push_back(start << 22 | worker | each);
    }
    std::printf("comparisons for each of 4,096 IDs of the layout snowflake\n");
    fill_all("one ID per second", slow);
    fill_all("one ID per second, with a first sequence number at random", random);
    fill_all("a full tick", full);
}
CPP
g++ -std=c++17 -O2 -Iroot/usr/include -Iroot/usr/include/glib-2.0 -I"$libraries/glib-2.0/include" tables.cc "$libraries/libglib-2.0.so.0" -o tables

LD_LIBRARY_PATH=$libraries ./tables >seen

cat seen
diff - seen <<'EXPECTED' || { echo "hash-tables-of-ids-are-lists: this is not what was seen before" >&2; exit 1; }
comparisons for each of 4,096 IDs of the layout snowflake
one ID per second
  dense_hash_set                     4782.1
  sparse_hash_set                    2047.5
  robin_set                          2047.5
  hopscotch_set                      2047.5
  std::unordered_set                    0.0
  dense_hash_set, multiplied            5.2
  robin_set, multiplied                 0.1
  GHashTable, g_int64_hash             15.5
    with 128 hashes
one ID per second, with a first sequence number at random
  dense_hash_set                       70.9
  sparse_hash_set                      32.4
  robin_set                           253.4
  hopscotch_set                       216.0
  std::unordered_set                    0.7
  dense_hash_set, multiplied            6.5
  robin_set, multiplied                 0.5
  GHashTable, g_int64_hash              0.0
    with 4074 hashes
a full tick
  dense_hash_set                        5.0
  sparse_hash_set                       0.0
  robin_set                             0.0
  hopscotch_set                         0.0
  std::unordered_set                    0.0
  dense_hash_set, multiplied            6.5
  robin_set, multiplied                 0.5
  GHashTable, g_int64_hash              0.0
    with 4096 hashes
EXPECTED
