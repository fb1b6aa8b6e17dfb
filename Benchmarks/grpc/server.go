// A server of NextID and StreamIDs over grpc-go that does nothing else: it counts up. go run server.go HOST:PORT
package main

import (
	"context"
	"log"
	"net"
	"os"
	"sync/atomic"

	"firn/v1"
	"google.golang.org/grpc"
)

type server struct {
	firnv1.UnimplementedIDServiceServer
	last uint64
}

func (s *server) NextID(context.Context, *firnv1.NextIDRequest) (*firnv1.NextIDResponse, error) {
	return &firnv1.NextIDResponse{Id: atomic.AddUint64(&s.last, 1)}, nil
}

func (s *server) StreamIDs(request *firnv1.StreamIDsRequest, stream firnv1.IDService_StreamIDsServer) error {
	count := uint64(request.Chunk)
	for {
		end := atomic.AddUint64(&s.last, count)
		run := &firnv1.Run{First: end - count + 1, Count: request.Chunk, Stride: 1}
		if err := stream.Send(&firnv1.StreamIDsResponse{Runs: []*firnv1.Run{run}}); err != nil {
			return err
		}
	}
}

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	ids := grpc.NewServer()
	firnv1.RegisterIDServiceServer(ids, &server{})
	log.Fatal(ids.Serve(listener))
}
