"""gRPC: NextID and StreamIDs of firnd compared with a server on grpc-go, `grpc/server.go`: one section of the report."""

import os
import subprocess
import sys
from dataclasses import dataclass

from bench import BATCH, CONNECTIONS, WIDE_LAYOUT, Bench, middle
from build import BENCHMARKS, PACKAGE, require
from processes import Server, Strangers, on_cpu
from report import Bar, Section, percent, table

#: In hundredths of grpc-go's calls per second of the server's CPU time, by the calls in flight on each connection.
PEER_PERCENT = {1: 120, 32: 150}
#: IDs per second of the server's CPU time, in messages of BATCH IDs.
STREAMED_IDS = 100_000_000
PACKAGES = "golang-go golang-google-grpc-dev golang-goprotobuf-dev protobuf-compiler"


@dataclass
class GRPCPrograms:
    server: str
    load: str


def build_grpc() -> GRPCPrograms:
    """Builds both programs with Debian's grpc-go, whose source is in /usr/share/gocode, and stubs that are made here."""
    go, protoc = require("go", PACKAGES), require("protoc", PACKAGES)
    plugin = next(filter(os.path.exists, ["/usr/bin/protoc-gen-go-1-3", "/usr/bin/protoc-gen-go"]), None)
    if plugin is None or not os.path.isdir("/usr/share/gocode/src/google.golang.org/grpc"):
        sys.exit(f"run: grpc-go is not installed: apt-get install {PACKAGES}")
    folder = PACKAGE / ".build" / "benchmarks"
    stubs = folder / "go-stubs" / "src" / "firn" / "v1"
    stubs.mkdir(parents=True, exist_ok=True)
    options = [f"--plugin=protoc-gen-go={plugin}", f"--go_out=plugins=grpc,paths=source_relative:{stubs}"]
    subprocess.run([protoc, "-I", str(PACKAGE / "proto/firn/v1"), *options, "id_service.proto"], check=True)
    environment = os.environ | {
        "GO111MODULE": "off",
        "GOPATH": f"{folder}/go-stubs:/usr/share/gocode",
        "GOFLAGS": "",
        "GOCACHE": str(folder / "go"),
    }
    paths = []
    for name in ("server", "load"):
        paths.append(str(folder / f"grpc-{name}"))
        subprocess.run([go, "build", "-o", paths[-1], str(BENCHMARKS / "grpc" / f"{name}.go")], check=True, env=environment)
    return GRPCPrograms(*paths)


def peer_server(bench: Bench, programs: GRPCPrograms) -> Server:
    """One thread runs Go code, as one thread of firnd serves."""
    address = bench.address("grpc-go", "tcp")
    command = ["env", "GOMAXPROCS=1", programs.server, address.removeprefix("tcp:")]
    return bench.start("grpc-go", "grpc", address, command)


def firnd_server(bench: Bench) -> Server:
    address = bench.address("firnd", "tcp")
    command = [bench.firnd, "--grpc", address.removeprefix("tcp:"), "--listen", f"unix:{bench.folder}/firnd-grpc.sock"]
    command += ["--store", "memory", "--state-dir", "none", "--log-level", "error", "--layout", WIDE_LAYOUT]
    return bench.start("firnd", "grpc", address, [*command, "--shards", "1", "--grpc-threads", "1"])


def measure(bench: Bench, programs: GRPCPrograms, server: Server, *options: object) -> dict[str, float]:
    """One measurement."""
    command = [programs.load, "--address", f"127.0.0.1:{server.port}", "--seconds", bench.seconds, *options]
    with Strangers(server) as strangers:
        before = server.cpu_seconds()
        result = subprocess.run(
            [str(word) for word in command], stdout=subprocess.PIPE, text=True, preexec_fn=on_cpu(bench.load_cpu)
        )
        used = max(server.cpu_seconds() - before, 0.01)
    if result.returncode != 0:
        sys.exit(f"run: measuring {server.name} over gRPC failed; what the load generator said is above")
    bench.strangers.append(strangers.share)
    values = {key: float(value) for key, value in (word.split("=") for word in result.stdout.split())}
    return values | {
        "calls_per_second": values["calls"] / values["seconds"],
        "calls_per_cpu_second": values["calls"] / used,
        "ids_per_cpu_second": values["ids"] / used,
    }


def grpc(bench: Bench, programs: GRPCPrograms) -> dict[object, dict[str, list[dict[str, float]]]]:
    """16 connections with 1 and 32 calls in flight, and a stream on one connection; the servers take turns."""
    loads = {
        in_flight: ("--connections", CONNECTIONS, "--in-flight", in_flight) for in_flight in PEER_PERCENT
    } | {"stream": ("--connections", 1, "--chunk", BATCH)}
    results = {}
    with peer_server(bench, programs) as peer, firnd_server(bench) as firnd:
        for name, options in loads.items():
            results[name] = {"grpc-go": [], "firnd": []}
            for turn in range(bench.rounds):
                for server in (peer, firnd):
                    results[name][server.name].append(measure(bench, programs, server, *options))
                key = "ids_per_cpu_second" if name == "stream" else "calls_per_cpu_second"
                words = (f"{each} {measured[-1][key]:,.0f}" for each, measured in results[name].items())
                print(f"  gRPC, {name}, round {turn + 1}: {', '.join(words)} per CPU second", flush=True)
    return results


def grpc_section(results) -> Section:
    rows = [[f"NextID, {CONNECTIONS} connections over TCP", "grpc-go", "firnd", "firnd ÷ grpc-go"]]
    bars = []
    for in_flight, asked in PEER_PERCENT.items():
        for label, key, form in (
            ("calls per CPU second", "calls_per_cpu_second", ",.0f"),
            ("calls/s", "calls_per_second", ",.0f"),
            ("p99 µs", "p99_us", ",.0f"),
        ):
            theirs, ours = (middle(results[in_flight][name], key) for name in ("grpc-go", "firnd"))
            rows.append([f"{label}, {in_flight} in flight", format(theirs, form), format(ours, form), f"{ours / theirs:.2f}"])
        theirs, ours = (middle(results[in_flight][name], "calls_per_cpu_second") for name in ("grpc-go", "firnd"))
        words = f"gRPC, {in_flight} in flight: {ours:,.0f} calls per CPU second, {percent(ours, theirs)} % of grpc-go's {theirs:,.0f}"
        bars.append(Bar(100 * ours >= asked * theirs, f"{words}; {asked} % is asked"))
    theirs, ours = (middle(results["stream"][name], "ids_per_cpu_second") for name in ("grpc-go", "firnd"))
    rows.append([f"IDs per CPU second, in messages of {BATCH:,}", f"{theirs:,.0f}", f"{ours:,.0f}", f"{ours / theirs:.2f}"])
    words = f"StreamIDs: {ours:,.0f} IDs per CPU second in messages of {BATCH:,}; {STREAMED_IDS:,} are asked"
    bars.append(Bar(ours >= STREAMED_IDS, words))
    words = (
        "A server on grpc-go that counts up (`Benchmarks/grpc/server.go`), and firnd with a layout that is never full; one thread "
        "each. The load generator is a program on grpc-go for both."
    )
    return Section("gRPC beside grpc-go", table(rows), words, bars)
