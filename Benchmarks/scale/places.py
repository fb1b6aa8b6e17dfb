"""Empty stores, one after the other, on one etcd member, one PostgreSQL and one disk: what firnd is told, and how large they are."""

import re
import subprocess
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from bench import Bench
from postgres import postgres
from stores import etcd


@dataclass
class Place:
    """One store that nobody has used yet."""

    #: The value of --store.
    address: str
    #: Its bytes: of SQLite's files, of etcd's database with its history, of PostgreSQL's database.
    size: Callable[[], int]
    #: What else firnd and firn-storm are told.
    others: tuple[str, ...] = ()

    @property
    def options(self) -> list[str]:
        return ["--store", self.address, *self.others]


@contextmanager
def places(bench: Bench, etcd_program: str, postgres_programs: Path):
    """For the name of each store, a function that makes one."""
    numbers = iter(range(1_000_000))

    def sqlite_place() -> Place:
        path = Path(f"{bench.folder}/scale{next(numbers)}.sqlite")
        return Place(f"sqlite:{path}", lambda: sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*")))

    with etcd(etcd_program) as cluster, postgres(bench, postgres_programs) as server:
        folder = Path(server.path).parent

        def etcd_size() -> int:
            page = urllib.request.urlopen(f"http://{cluster.removeprefix('etcd:')}/metrics", timeout=5).read().decode()
            return int(float(re.search(r"^etcd_mvcc_db_total_size_in_bytes (\S+)", page, re.MULTILINE)[1]))

        def etcd_place() -> Place:
            return Place(cluster, etcd_size, ("--etcd-prefix", f"/scale{next(numbers)}/"))

        def postgres_place() -> Place:
            name = f"scale{next(numbers)}"
            account = ["-h", str(folder), "-U", "firn"]
            subprocess.run([postgres_programs / "createdb", *account, name], check=True)
            query = [str(postgres_programs / "psql"), *account, "-d", name, "-Atc", f"SELECT pg_database_size('{name}')"]
            return Place(
                f"postgres://firn@/{name}?host={folder}",
                lambda: int(subprocess.run(query, check=True, capture_output=True, text=True).stdout),
            )

        yield {"SQLite": sqlite_place, "etcd": etcd_place, "PostgreSQL": postgres_place}
