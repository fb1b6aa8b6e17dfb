#!/usr/bin/env bash
# Package:  Debian 12's prometheus 2.42.0.
# Expected: a blank line between metrics, which the text format allows, is passed over.
# Seen:     in the text format it is. The same body as OpenMetrics fails the whole scrape: no sample of it is kept, and "up" is 0.
# Matters:  an exporter that answers in OpenMetrics when it is asked for it, as Prometheus asks by default, vanishes from all graphs
#           over one line break.
# Source:   OpenMetrics 1.0, ABNF; Prometheus' "Exposition formats", "Text-based format".
set -euo pipefail

work=$(mktemp -d)
pids=()
trap 'for each in "${pids[@]}"; do kill "$each"; done; wait; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'prometheus=2.42.0*'
dpkg -x prometheus_*.deb root

cat >exporter.py <<'PYTHON'
import http.server

TEXT = "text/plain; version=0.0.4"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
BODIES = {
    "/text-with-a-blank-line": (TEXT, "ids_total 1\n\nworkers 2\n"),
    "/openmetrics": (OPEN, "ids_total 1\nworkers 2\n# EOF\n"),
    "/openmetrics-with-a-blank-line": (OPEN, "ids_total 1\n\nworkers 2\n# EOF\n"),
}


class Exporter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind, body = BODIES[self.path]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Exporter)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
python3 exporter.py >port &
pids+=($!)
for _ in $(seq 100); do if [ -s port ]; then break; fi; sleep 0.1; done

{
    echo "scrape_configs:"
    for each in text-with-a-blank-line openmetrics openmetrics-with-a-blank-line; do
        echo "  - {job_name: $each, metrics_path: /$each, scrape_interval: 1s, static_configs: [{targets: ['127.0.0.1:$(cat port)']}]}"
    done
} >prometheus.yml
own=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
root/usr/bin/prometheus --config.file prometheus.yml --web.listen-address "127.0.0.1:$own" --storage.tsdb.path data >log 2>&1 &
pids+=($!)

cat >targets.py <<'PYTHON'
import json
import sys
import time
import urllib.request


def ask(path):
    with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/api/v1/{path}") as answer:
        return json.load(answer)["data"]


for _ in range(60):
    try:
        targets = ask("targets")["activeTargets"]
    except OSError:
        targets = []
    if len(targets) == 3 and all(each["health"] != "unknown" for each in targets):
        break
    time.sleep(0.5)
for each in sorted(targets, key=lambda each: each["scrapePool"]):
    print(f"{each['scrapePool']}: {each['health']} {each['lastError']}".strip())
print("ids_total is there of:", *sorted(each["metric"]["job"] for each in ask("query?query=ids_total")["result"]))
PYTHON
{
    root/usr/bin/prometheus --version 2>&1 | sed -n '1s/.*\(version [0-9.]*[0-9]\).*/\1/p'
    python3 targets.py "$own"
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "blank-line-takes-openmetrics-down: this is not what was seen before" >&2; exit 1; }
version 2.42.0
openmetrics: up
openmetrics-with-a-blank-line: down "INVALID" "\n" is not a valid start token
text-with-a-blank-line: up
ids_total is there of: openmetrics text-with-a-blank-line
EXPECTED
