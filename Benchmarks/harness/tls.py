"""The framed protocol with TLS and without, on the same daemon."""

import subprocess
from pathlib import Path

from bench import CONNECTIONS, WIDE_LAYOUT, Bench, middle
from build import require
from processes import Server, free_port
from report import Bar, Section, percent, table

#: In hundredths, of the rate without TLS.
TLS_PERCENT = 50
IN_FLIGHT = (1, 32)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    openssl = require("openssl", "openssl")
    chain, key = folder / "server.pem", folder / "server.key"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(chain)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    key.chmod(0o600)
    return chain, key


def secured(bench: Bench, chain: Path, key: Path) -> Server:
    port = free_port()
    command = [bench.firnd, "--listen", f"tls:127.0.0.1:{port}", "--tls-cert", str(chain), "--tls-key", str(key)]
    command += ["--log-level", "critical", "--store", "memory", "--state-dir", "none", "--layout", WIDE_LAYOUT, "--shards", "1"]
    return bench.start("firnd", "firn", f"tcp:127.0.0.1:{port}", command)


def tls(bench: Bench) -> dict[int, dict[str, list[dict[str, float]]]]:
    """16 connections over TCP with 1 and 32 calls in flight, in turns without TLS and with it."""
    chain, key = certificate(Path(bench.folder))
    results = {}
    with bench.wide_firn_server("tcp") as plain, secured(bench, chain, key) as secure:
        for in_flight in IN_FLIGHT:
            results[in_flight] = {"plain": [], "TLS": []}
            for turn in range(bench.minor_rounds):
                options = ("--connections", CONNECTIONS, "--in-flight", in_flight)
                results[in_flight]["plain"].append(bench.load(plain, *options))
                results[in_flight]["TLS"].append(bench.load(secure, *options, "--authority", chain))
                rates = (f"{name} {measured[-1]['calls_per_second']:,.0f}" for name, measured in results[in_flight].items())
                print(f"  TLS, {in_flight} in flight, round {turn + 1}: {', '.join(rates)} calls/s", flush=True)
    return results


def tls_section(results) -> Section:
    rows = [[f"{CONNECTIONS} connections over TCP", "without TLS", "TLS 1.3", "ratio"]]
    for in_flight, measured in results.items():
        for label, key, form in (
            ("calls/s", "calls_per_second", ",.0f"),
            ("server CPU µs/call", "server_cpu_us_per_call", ".3f"),
            ("p99 µs", "p99_us", ",.0f"),
        ):
            plain, secure = (middle(measured[name], key) for name in ("plain", "TLS"))
            rows.append([f"{label}, {in_flight} in flight", format(plain, form), format(secure, form), f"{secure / plain:.2f}"])
    plain, secure = (middle(results[32][name], "server_cpu_us_per_call") for name in ("plain", "TLS"))
    words = f"TLS, 32 in flight: {secure:.3f} µs of the server's CPU per call, {percent(plain, secure)} % of the rate without TLS"
    bar = Bar(100 * plain >= TLS_PERCENT * secure, f"{words} and its {plain:.3f} µs; {TLS_PERCENT} % is asked")
    return Section("TLS", table(rows), "One thread serves, with TLS_AES_128_GCM_SHA256 or what else the two agree on.", [bar])
