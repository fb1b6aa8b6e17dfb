"""The effect of the number of connections: 1 to 2,000 over Unix sockets and TCP, and 2,000 idle ones beside 16."""

from contextlib import ExitStack

from bench import CONNECTIONS, LABELS, Bench, middle
from report import Section, table

COUNTS = (1, 16, 256, 2_000)
IDLE = 2_000
TRANSPORTS = {"unix": "Unix sockets", "tcp": "TCP, loopback"}
SERVERS = ("reference", "firnd", "redis", "memcached")


def start_servers(bench: Bench, stack: ExitStack, transport: str):
    makers = (bench.reference_server, bench.wide_firn_server, bench.redis_server, bench.memcached_server)
    return [stack.enter_context(maker(transport)) for maker in makers]


def sweep(bench: Bench) -> dict[str, dict[int, dict[str, list[dict[str, float]]]]]:
    """By transport and number of connections, with one call at a time on each; the servers take turns."""
    results = {}
    for transport in TRANSPORTS:
        results[transport] = {}
        with ExitStack() as stack:
            servers = start_servers(bench, stack, transport)
            for count in COUNTS:
                measured = results[transport][count] = {server.name: [] for server in servers}
                for _ in range(bench.minor_rounds):
                    for server in servers:
                        measured[server.name].append(bench.load(server, "--connections", count, seconds=bench.minor_seconds))
                rates = (f"{name} {middle(measured[name], 'calls_per_second'):,.0f}" for name in measured)
                print(f"  {count:,} connections, {transport}: {', '.join(rates)} calls/s", flush=True)
    return results


def beside_idle(bench: Bench) -> dict[str, dict[int, list[dict[str, float]]]]:
    """16 active connections, alone and with 2,000 idle ones, in turns; and the memory that the idle ones take."""
    results = {}
    with ExitStack() as stack:
        servers = start_servers(bench, stack, "unix")
        for server in servers:
            results[server.name] = {0: [], IDLE: []}
        for turn in range(bench.minor_rounds):
            for server in servers:
                for idle, measured in results[server.name].items():
                    measured.append(bench.load(server, "--connections", CONNECTIONS, "--idle", idle, seconds=bench.minor_seconds))
            rates = (f"{name} {measured[IDLE][-1]['calls_per_second']:,.0f}" for name, measured in results.items())
            print(f"  beside {IDLE:,} idle connections, round {turn + 1}: {', '.join(rates)} calls/s", flush=True)
    return results


def sweep_section(results) -> Section:
    rows = [["calls/s, one at a time on each", *(LABELS[name] for name in SERVERS), "firnd ÷ C", "firnd p99 µs"]]
    for transport, counts in results.items():
        for count, servers in counts.items():
            rates = {name: middle(servers[name], "calls_per_second") for name in SERVERS}
            label = f"{TRANSPORTS[transport]}, {count:,} connection{'s' if count > 1 else ''}"
            ratio = f"{rates['firnd'] / rates['reference']:.2f}"
            rows.append([label, *(f"{rates[name]:,.0f}" for name in SERVERS), ratio, f"{middle(servers['firnd'], 'p99_us'):,.0f}"])
    words = "Each connection has one call in flight; one server thread and one of the load generator."
    return Section("Connections", table(rows), words, picture="connections")


def idle_section(results) -> Section:
    rows = [[f"{CONNECTIONS} connections that call", *(LABELS[name] for name in SERVERS)]]
    for label, key, form in (
        ("calls/s", "calls_per_second", ",.0f"),
        ("server CPU µs/call", "server_cpu_us_per_call", ".2f"),
        ("p99 µs", "p99_us", ",.0f"),
    ):
        for idle, beside in ((0, "alone"), (IDLE, f"beside {IDLE:,} idle ones")):
            rows.append([f"{label}, {beside}", *(format(middle(results[name][idle], key), form) for name in SERVERS)])
    return Section("Idle connections beside the load", table(rows), "What connections cost that are open and say nothing, over Unix sockets.")
