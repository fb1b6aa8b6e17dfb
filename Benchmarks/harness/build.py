"""Builds the measuring programs of `socket/` and `client/`, and firnd as it is released."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent
PACKAGE = BENCHMARKS.parent
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror"]
PROGRAMS = {
    "reference-server": ["reference-server.c", "address.c", "wire.c"],
    "load": ["load.c", "address.c", "connection.c", "options.c", "protocol.c", "tls.c", "wire.c"],
    "first-id": ["first-id.c", "wire.c"],
}
LIBRARIES = {"load": ["-lssl", "-lcrypto"]}
#: The prefix of error messages: Benchmarks/run, or a script that uses this module.
PROGRAM = Path(sys.argv[0]).name


def require(program: str, package: str) -> str:
    path = shutil.which(program)
    if path is None:
        sys.exit(f"{PROGRAM}: {program} is not installed: apt-get install {package}")
    return path


def build_programs() -> dict[str, str]:
    """Returns the path of each C program."""
    compiler = require("gcc", "gcc libc6-dev")
    if not Path("/usr/include/openssl/ssl.h").is_file():
        sys.exit(f"{PROGRAM}: the headers of OpenSSL are not installed: apt-get install libssl-dev")
    folder = PACKAGE / ".build" / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name, sources in PROGRAMS.items():
        paths[name] = str(folder / name)
        files = (str(BENCHMARKS / "socket" / source) for source in sources)
        subprocess.run([compiler, *FLAGS, *files, "-o", paths[name], *LIBRARIES.get(name, [])], check=True)
    return paths


def build_client() -> str:
    """Returns the path of client-bench: that of the variable CLIENT_BENCH, or a fresh release build."""
    given = os.environ.get("CLIENT_BENCH")
    if given is not None:
        if not os.access(given, os.X_OK):
            sys.exit(f"{PROGRAM}: CLIENT_BENCH={given}: no such program")
        return os.path.abspath(given)
    if shutil.which("swift") is None:
        sys.exit(f"{PROGRAM}: swift is not installed; install it, or name a built program: CLIENT_BENCH=path Benchmarks/run")
    print("building client-bench (CLIENT_BENCH=path skips this)", flush=True)
    command = ["swift", "build", "-c", "release", "--package-path", str(BENCHMARKS / "client")]
    subprocess.run(command, check=True)
    folder = subprocess.run([*command, "--show-bin-path"], check=True, capture_output=True, text=True)
    return str(Path(folder.stdout.strip()) / "client-bench")


def released_firnd() -> str:
    """Returns the path of firnd: that of the variable FIRND, or a fresh release build."""
    given = os.environ.get("FIRND")
    if given is not None:
        if not os.path.isfile(given) or not os.access(given, os.X_OK):
            sys.exit(f"{PROGRAM}: FIRND={given}: no such program")
        return os.path.abspath(given)
    print("building firnd (FIRND=path skips this)", flush=True)
    return build_release(PACKAGE)


def build_release(package: Path, program: str = "firnd") -> str:
    """Builds that program of that working copy as it is released, and returns its path."""
    result = subprocess.run([str(package / "scripts/build-release"), program], cwd=package, stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(f"{PROGRAM}: {package}/scripts/build-release failed; what it said is above")
    return str(Path(result.stdout.splitlines()[-1].strip()) / program)
