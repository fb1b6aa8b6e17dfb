#!/usr/bin/env python3
"""Takes IDs over gRPC: ids.py HOST:PORT|unix:PATH [COUNT].

The stubs come from proto/firn/v1/id_service.proto:
    python -m grpc_tools.protoc -I proto/firn/v1 --python_out=. --grpc_python_out=. id_service.proto
"""

import random
import sys
import time

import grpc
import id_service_pb2 as firn
import id_service_pb2_grpc


def with_retries(call, request, tries=5):
    """Repeats a call that may succeed later. That is safe: an answer that was lost is a gap and never given out again."""
    delay = 0.05
    for left in reversed(range(tries)):
        try:
            return call(request, timeout=1)
        except grpc.RpcError as error:
            if not left or error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise
            time.sleep(delay * random.uniform(0.5, 1))
            delay *= 2


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    with grpc.insecure_channel(sys.argv[1]) as channel:
        ids = id_service_pb2_grpc.IDServiceStub(channel)
        print(with_retries(ids.NextID, firn.NextIDRequest()).id)
        for run in with_retries(ids.NextBatch, firn.NextBatchRequest(count=count)).runs:
            for index in range(run.count):
                print(run.first + index * run.stride)
        for answer in ids.StreamIDs(firn.StreamIDsRequest(chunk=min(count, 1000), limit=count)):
            for run in answer.runs:
                for index in range(run.count):
                    print(run.first + index * run.stride)


if __name__ == "__main__":
    main()
