#!/usr/bin/env python3
"""Checks what gRPC's own clients expect of a server: check.py HOST:PORT|unix:PATH, or with TLS and a token
check.py HOST:PORT CA-FILE TOKEN. Run by Examples/test.
"""

import sys
import threading
from pathlib import Path

import grpc
import id_service_pb2 as firn
import id_service_pb2_grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


def code_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def check_health(channel):
    health = health_pb2_grpc.HealthStub(channel)
    serving = health_pb2.HealthCheckResponse.SERVING
    for service in ["", "firn.v1.IDService"]:
        request = health_pb2.HealthCheckRequest(service=service)
        assert health.Check(request).status == serving
        watch = health.Watch(request)
        assert next(watch).status == serving
        watch.cancel()
    unknown = health_pb2.HealthCheckRequest(service="other")
    assert code_of(lambda: health.Check(unknown)) == grpc.StatusCode.NOT_FOUND
    statuses = health.List(health_pb2.HealthListRequest()).statuses
    assert {name: state.status for name, state in statuses.items()} == {"": serving, "firn.v1.IDService": serving}


def check_reflection(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    assert {"firn.v1.IDService", "grpc.health.v1.Health"} <= set(database.get_services())
    service = DescriptorPool(database).FindServiceByName("firn.v1.IDService")
    assert {method.name for method in service.methods} >= {"NextID", "StreamIDs"}


def check_calls(channel):
    ids = id_service_pb2_grpc.IDServiceStub(channel)
    seen, lock = set(), threading.Lock()

    def take():
        taken = [ids.NextID(firn.NextIDRequest(), timeout=30).id for _ in range(200)]
        assert taken == sorted(taken)
        with lock:
            seen.update(taken)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 1600, f"{1600 - len(seen)} IDs came twice, or not at all"
    assert code_of(lambda: ids.NextBatch(firn.NextBatchRequest(count=0))) == grpc.StatusCode.INVALID_ARGUMENT
    late = lambda: list(ids.StreamIDs(firn.StreamIDsRequest(chunk=1), timeout=0.2))
    assert code_of(late) == grpc.StatusCode.DEADLINE_EXCEEDED
    compressed = lambda: ids.NextBatch(firn.NextBatchRequest(count=1), compression=grpc.Compression.Gzip)
    assert code_of(compressed) in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.OK)
    stream = ids.StreamIDs(firn.StreamIDsRequest(chunk=10))
    next(stream)
    stream.cancel()
    assert ids.Describe(firn.DescribeRequest()).max_batch > 0


def check_all(channel, what):
    check_health(channel)
    check_reflection(channel)
    check_calls(channel)
    print(f"python: health, reflection and calls {what}")


def check_token(address, authority, token):
    """Each call shows the token; health needs none."""
    tls = grpc.ssl_channel_credentials(Path(authority).read_bytes())
    with grpc.secure_channel(address, tls) as channel:
        check_health(channel)
        ids = id_service_pb2_grpc.IDServiceStub(channel)
        assert code_of(lambda: ids.NextID(firn.NextIDRequest())) == grpc.StatusCode.UNAUTHENTICATED
    with grpc.secure_channel(
        address, grpc.composite_channel_credentials(tls, grpc.access_token_call_credentials(token))
    ) as channel:
        check_all(channel, "with TLS and a token")


if len(sys.argv) > 2:
    check_token(*sys.argv[1:])
else:
    with grpc.insecure_channel(sys.argv[1]) as channel:
        check_all(channel, f"at {sys.argv[1].split(':')[0]}")
