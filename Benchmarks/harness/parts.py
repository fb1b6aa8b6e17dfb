"""The parts of a run by name: what each needs, measures, reports and draws."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pictures
from bench import Bench
from build import build_client, require
from client import client, client_section
from connections import beside_idle, idle_section, sweep, sweep_section
from grpc_programs import GRPCPrograms, build_grpc, grpc, grpc_section
from http_programs import HTTPPrograms, build_article, http, http_section
from instructions import instructions_per_call
from latency import http_latencies, http_latency_section, latencies, latency_section
from machine import versions
from postgres import find_postgres
from report import Section
from scenarios import batches, first_ids, idle_memory, singles, tickets
from sections import batches_section, instructions_section, rest_section, singles_sections, tickets_section
from stores import stores, stores_section
from tls import tls, tls_section


@dataclass
class Tools:
    """The tools that the selected parts need besides firnd, the load generator, Redis and memcached."""

    postgres: Path | None = None
    etcd: str | None = None
    wants_http: bool = False
    wants_grpc: bool = False
    wants_client: bool = False
    http: HTTPPrograms | None = None
    grpc: GRPCPrograms | None = None
    client: str | None = None

    def build(self) -> "Tools":
        self.http = build_article() if self.wants_http else None
        self.grpc = build_grpc() if self.wants_grpc else None
        self.client = build_client() if self.wants_client else None
        return self

    def versions(self) -> str:
        said = {
            "Redis": ["redis-server", "--version"],
            "memcached": ["memcached", "--version"],
            "PostgreSQL": [str(self.postgres / "postgres"), "--version"],
            "etcd": [self.etcd, "--version"],
            "Go": ["go", "version"],
            "gin": ["dpkg-query", "--show", "--showformat=${Version}", "golang-github-gin-gonic-gin-dev"],
            "grpc-go": ["dpkg-query", "--show", "--showformat=${Version}", "golang-google-grpc-dev"],
            "wrk": ["dpkg-query", "--show", "--showformat=${Version}", "wrk"],
            "gcc": ["gcc", "-dumpfullversion"],
            "valgrind": ["dpkg-query", "--show", "--showformat=${Version}", "valgrind"],
        }
        return versions({name: command for name, command in said.items() if None not in command})


@dataclass
class Results:
    """The results; empty for parts that were not selected."""

    singles: dict | None = None
    batches: dict | None = None
    tickets: dict | None = None
    memory: dict | None = None
    first: list[float] = field(default_factory=list)
    sweep: dict | None = None
    idle: dict | None = None
    tls: dict | None = None
    latencies: dict | None = None
    http: dict | None = None
    http_latencies: dict | None = None
    grpc: dict | None = None
    stores: dict | None = None
    client: object = None
    instructions: dict | None = None


@dataclass
class Part:
    measure: Callable[[Bench, Tools, Results], None]
    sections: Callable[[Results], list[Section]]
    pictures: Callable[[Results], dict[str, Callable[[str], str]]] = lambda _: {}
    needs: tuple[str, ...] = ()


def _singles(bench: Bench, tools: Tools, results: Results):
    results.singles = singles(bench, tools.postgres)


def _latency(bench: Bench, tools: Tools, results: Results):
    if results.singles is None:
        _singles(bench, tools, results)
    results.latencies = latencies(bench, results.singles, tools.postgres)


def _connections(bench: Bench, _: Tools, results: Results):
    results.sweep, results.idle = sweep(bench), beside_idle(bench)


def _tls(bench: Bench, _: Tools, results: Results):
    results.tls = tls(bench)


def _batches(bench: Bench, _: Tools, results: Results):
    results.batches, results.tickets = batches(bench), tickets(bench)


def _http(bench: Bench, tools: Tools, results: Results):
    results.http, results.http_latencies = http(bench, tools.http), http_latencies(bench, tools.http)


def _grpc(bench: Bench, tools: Tools, results: Results):
    results.grpc = grpc(bench, tools.grpc)


def _rest(bench: Bench, _: Tools, results: Results):
    results.memory, results.first = idle_memory(bench), first_ids(bench)


def _stores(bench: Bench, tools: Tools, results: Results):
    results.stores = stores(bench, tools.etcd, tools.postgres)


def _client(bench: Bench, tools: Tools, results: Results):
    results.client = client(bench, tools.client)


def _instructions(bench: Bench, _: Tools, results: Results):
    results.instructions = instructions_per_call(bench.firnd)


PARTS = {
    "singles": Part(
        _singles,
        lambda results: singles_sections(results.singles),
        lambda results: {"rates": lambda theme: pictures.rates(results.singles, theme)},
        needs=("postgres",),
    ),
    "latency": Part(
        _latency,
        lambda results: [latency_section(results.latencies)],
        lambda results: {"latency": lambda theme: pictures.latency(results.latencies, theme)},
        needs=("postgres",),
    ),
    "connections": Part(
        _connections,
        lambda results: [sweep_section(results.sweep), idle_section(results.idle)],
        lambda results: {"connections": lambda theme: pictures.connections(results.sweep, theme)},
    ),
    "tls": Part(_tls, lambda results: [tls_section(results.tls)]),
    "http": Part(
        _http,
        lambda results: [http_section(results.http), http_latency_section(results.http_latencies)],
        lambda results: {"http": lambda theme: pictures.http(results.http, theme)},
        needs=("http",),
    ),
    "grpc": Part(_grpc, lambda results: [grpc_section(results.grpc)], needs=("grpc",)),
    "batches": Part(_batches, lambda results: [batches_section(results.batches), tickets_section(results.tickets)]),
    "stores": Part(_stores, lambda results: [stores_section(results.stores)], needs=("etcd", "postgres")),
    "client": Part(_client, lambda results: [client_section(results.client)], needs=("client",)),
    "rest": Part(_rest, lambda results: [rest_section(results.memory, results.first)]),
    "instructions": Part(_instructions, lambda results: [instructions_section(results.instructions)], needs=("valgrind",)),
}


def find_tools(wanted: list[str]) -> Tools:
    """Checks that the programs for these parts are installed; the run ends with a message if one is missing."""
    needs = {need for name in wanted for need in PARTS[name].needs}
    if "valgrind" in needs:
        require("valgrind", "valgrind libc6-dbg")
        require("strip", "binutils")
    return Tools(
        postgres=find_postgres() if "postgres" in needs else None,
        etcd=require("etcd", "etcd-server") if "etcd" in needs else None,
        wants_http="http" in needs,
        wants_grpc="grpc" in needs,
        wants_client="client" in needs,
    )
