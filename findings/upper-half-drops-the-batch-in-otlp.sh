#!/usr/bin/env bash
# Package:  PyPI opentelemetry-exporter-otlp-proto-http 1.45.2, with opentelemetry-sdk 1.45.2.
# Expected: OTLP's integers are signed, so an ID from 2^63 on has no place in them. Such a value is left out, and the rest is sent, as
#           is the case for a span's attribute.
# Seen:     as an attribute the ID is left out, with an error in the log. As the value of a gauge it takes all metrics of the export with
#           it, also those of other instruments, at each interval for as long as the value is there. As a log record's body it takes
#           all records of its batch. The SDK accepts both, and force_flush() returns True.
# Matters:  a service that shows its newest ID as a gauge, or logs IDs as numbers, loses all its metrics or logs on the day on which its
#           layout, discord or instagram, comes into the second half of its life. Send an ID as text.
# Source:   opentelemetry/exporter/otlp/proto/common/_internal: _encode_attributes catches the error, metrics_encoder and _log_encoder
#           pass it on; opentelemetry-proto: metrics.proto, "sfixed64 as_int", and common.proto, "int64 int_value".
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check opentelemetry-exporter-otlp-proto-http==1.45.2 opentelemetry-sdk==1.45.2

cat >seen.py <<'PYTHON'
import gzip
import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Observation
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

received = []


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path == "/metrics":
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                received.extend(sorted(metric.name for scope in resource.scope_metrics for metric in scope.metrics))
        elif self.path == "/logs":
            for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
                for scope in resource.scope_logs:
                    received.extend(record.body.string_value or record.body.int_value for record in scope.log_records)
        else:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    received.extend((span.name, sorted(each.key for each in span.attributes)) for span in scope.spans)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments):
        pass


def flushed(what, provider):
    received.clear()
    print(f"{what}: force_flush {provider.force_flush()}, received", *received or ["nothing"])


server = HTTPServer(("127.0.0.1", 0), Collector)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
print("opentelemetry", version("opentelemetry-exporter-otlp-proto-http"))

spans = TracerProvider()
spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{base}/traces"), schedule_delay_millis=10**7))
for name, id in (("below", 2**63 - 1), ("above", 2**63)):
    with spans.get_tracer("ids").start_as_current_span(name) as span:
        span.set_attribute("id", id)
        span.set_attribute("worker", 7)
flushed("spans", spans)

newest = [0]
reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{base}/metrics"), export_interval_millis=10**8)
metrics = MeterProvider([reader])
metrics.get_meter("requests").create_counter("requests").add(3)
metrics.get_meter("ids").create_observable_gauge("newest_id", callbacks=[lambda options: [Observation(newest[0])]])
for newest[0] in (2**63 - 1, 2**63, 2**63 + 1):
    flushed(f"metrics, gauge at {newest[0]}", metrics)

logs = LoggerProvider()
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{base}/logs"), schedule_delay_millis=10**7))
logger = logging.getLogger("service")
logger.propagate = False
logger.setLevel(logging.INFO)
logger.addHandler(LoggingHandler(logger_provider=logs))
for id in (2**63 - 1, 2**63, str(2**63)):
    for message in ("before", id, "after"):
        logger.info(message)
    flushed(f"logs, body {id!r}", logs)
PYTHON
venv/bin/python seen.py >seen 2>errors

cat seen
diff - seen <<'EXPECTED' || { echo "upper-half-drops-the-batch-in-otlp: this is not what was seen before" >&2; exit 1; }
opentelemetry 1.45.2
spans: force_flush True, received ('below', ['id', 'worker']) ('above', ['worker'])
metrics, gauge at 9223372036854775807: force_flush True, received newest_id requests
metrics, gauge at 9223372036854775808: force_flush True, received nothing
metrics, gauge at 9223372036854775809: force_flush True, received nothing
logs, body 9223372036854775807: force_flush True, received before 9223372036854775807 after
logs, body 9223372036854775808: force_flush True, received nothing
logs, body '9223372036854775808': force_flush True, received before 9223372036854775808 after
EXPECTED
