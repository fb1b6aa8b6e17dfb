// The load of a gRPC server: calls of NextID on some connections, or streams of IDs. Checks that the IDs of each caller rise.
// Prints the number of calls and IDs, the seconds, and the latencies of calls in microseconds, as load.c does.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"sort"
	"sync"
	"time"

	"firn/v1"
	"google.golang.org/grpc"
)

var (
	address     = flag.String("address", "", "HOST:PORT")
	connections = flag.Int("connections", 16, "connections")
	inFlight    = flag.Int("in-flight", 1, "callers for each connection")
	seconds     = flag.Float64("seconds", 1, "how long")
	chunk       = flag.Uint("chunk", 0, "IDs of a message, for streams; 0: calls of NextID")
)

// What one caller has got.
type result struct {
	calls, ids uint64
	latencies  []time.Duration
}

func call(ids firnv1.IDServiceClient, end time.Time) (got result) {
	last := uint64(0)
	for now := time.Now(); now.Before(end); {
		answer, err := ids.NextID(context.Background(), &firnv1.NextIDRequest{})
		if err != nil {
			log.Fatal(err)
		}
		if answer.Id <= last {
			log.Fatalf("the ID %d came after %d", answer.Id, last)
		}
		last = answer.Id
		began := now
		now = time.Now()
		got.latencies = append(got.latencies, now.Sub(began))
		got.calls++
		got.ids++
	}
	return got
}

func stream(ids firnv1.IDServiceClient, end time.Time) (got result) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	answers, err := ids.StreamIDs(ctx, &firnv1.StreamIDsRequest{Chunk: uint32(*chunk)})
	if err != nil {
		log.Fatal(err)
	}
	last := uint64(0)
	for time.Now().Before(end) {
		answer, err := answers.Recv()
		if err != nil {
			log.Fatal(err)
		}
		count := uint64(0)
		for _, run := range answer.Runs {
			if run.First <= last || run.Count == 0 {
				log.Fatalf("a run of %d IDs from %d came after %d", run.Count, run.First, last)
			}
			last = run.First + uint64(run.Count-1)*run.Stride
			count += uint64(run.Count)
		}
		if count != uint64(*chunk) {
			log.Fatalf("a message has %d IDs, not %d", count, *chunk)
		}
		got.calls++
		got.ids += count
	}
	return got
}

func main() {
	flag.Parse()
	var clients []firnv1.IDServiceClient
	for range make([]struct{}, *connections) {
		connection, err := grpc.Dial(*address, grpc.WithInsecure(), grpc.WithBlock())
		if err != nil {
			log.Fatal(err)
		}
		clients = append(clients, firnv1.NewIDServiceClient(connection))
	}
	work := call
	if *chunk > 0 {
		work = stream
	}
	results := make([]result, *connections**inFlight)
	var callers sync.WaitGroup
	began := time.Now()
	end := began.Add(time.Duration(*seconds * float64(time.Second)))
	for index := range results {
		callers.Add(1)
		go func(index int) {
			defer callers.Done()
			results[index] = work(clients[index%len(clients)], end)
		}(index)
	}
	callers.Wait()
	taken := time.Since(began).Seconds()
	var all result
	for _, one := range results {
		all.calls += one.calls
		all.ids += one.ids
		all.latencies = append(all.latencies, one.latencies...)
	}
	sort.Slice(all.latencies, func(a, b int) bool { return all.latencies[a] < all.latencies[b] })
	share := func(hundredths int) float64 {
		if len(all.latencies) == 0 {
			return 0
		}
		return float64(all.latencies[(len(all.latencies)-1)*hundredths/100].Nanoseconds()) / 1000
	}
	fmt.Printf("calls=%d ids=%d seconds=%.3f p50_us=%.1f p99_us=%.1f\n", all.calls, all.ids, taken, share(50), share(99))
}
