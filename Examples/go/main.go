// Takes IDs over gRPC, from HOST:PORT, and perhaps another number than ten: HOST:PORT [COUNT].
//
// The stubs in firn/v1 come from proto/firn/v1/id_service.proto. Examples/test makes them with Debian's protoc-gen-go, and builds
// this program with GO111MODULE=off. In a module, import the package that docs/CLIENTS.md has protoc write.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"time"

	"firn/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
)

func show(runs []*firnv1.Run) {
	for _, run := range runs {
		for index := uint64(0); index < uint64(run.Count); index++ {
			fmt.Println(run.First + index*run.Stride)
		}
	}
}

func main() {
	count := uint64(10)
	if len(os.Args) > 2 {
		count, _ = strconv.ParseUint(os.Args[2], 10, 32)
	}
	connection, err := grpc.Dial(os.Args[1], grpc.WithInsecure())
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()

	health, err := grpc_health_v1.NewHealthClient(connection).Check(
		ctx, &grpc_health_v1.HealthCheckRequest{Service: "firn.v1.IDService"})
	if err != nil || health.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		log.Fatal("not serving: ", health, err)
	}
	ids := firnv1.NewIDServiceClient(connection)
	one, err := ids.NextID(ctx, &firnv1.NextIDRequest{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(one.Id)
	batch, err := ids.NextBatch(ctx, &firnv1.NextBatchRequest{Count: uint32(count)})
	if err != nil {
		log.Fatal(err)
	}
	show(batch.Runs)
	stream, err := ids.StreamIDs(ctx, &firnv1.StreamIDsRequest{Chunk: uint32(count), Limit: count})
	if err != nil {
		log.Fatal(err)
	}
	for {
		answer, err := stream.Recv()
		if err == io.EOF {
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		show(answer.Runs)
	}
}
