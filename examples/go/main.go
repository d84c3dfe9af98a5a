// A client of the event store in Go: appends to two streams at once within a consistency boundary,
// learns from a refusal where the stream really is, and follows the log.
//
//	eventstore serve &          # prints the port it listens on
//	go run . -server 127.0.0.1:PORT [-token TOKEN]
//
// eventstorepb is generated from eventstore/grpc/eventstore.proto, see README.md.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "example.org/trueorder/eventstorepb"
)

func main() {
	server := flag.String("server", "127.0.0.1:50051", "HOST:PORT of eventstore serve")
	token := flag.String("token", "", "the token it knows us by")
	flag.Parse()
	if err := run(*server, *token); err != nil {
		log.Fatal(err)
	}
}

func run(server, token string) error {
	// A server beyond this machine wants credentials.NewTLS here.
	connection, err := grpc.NewClient(server, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	store := pb.NewEventStoreClient(connection)

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}

	// Decide on what is there: no seat of this flight is taken yet.
	seat := &pb.Query{Items: []*pb.QueryItem{{Types: []string{"SeatTaken"}, Tags: []string{"seat:12A"}}}}
	head, err := store.Head(ctx, &pb.HeadRequest{})
	if err != nil {
		return err
	}
	request := &pb.AppendRequest{
		Writes: []*pb.Write{
			{Stream: "flight-7", Expected: absent(), Events: []*pb.Event{
				event("SeatTaken", map[string]any{"seat": "12A"}, "seat:12A"),
			}},
			{Stream: "booking-1", Expected: absent(), Events: []*pb.Event{
				event("Booked", map[string]any{"flight": 7}),
			}},
		},
		Boundary: &pb.Boundary{Query: seat, After: head.Position},
	}
	first, err := appendOnce(ctx, store, request)
	if err != nil {
		return err
	}
	for _, one := range first.Appended {
		fmt.Printf("appended %s version %d position %d\n", one.Stream, one.Version, one.Position)
	}

	// The same request again, as after a broken connection: it is stored once.
	again, err := appendOnce(ctx, store, request)
	if err != nil {
		return err
	}
	fmt.Printf("repeated %t\n", again.Appended[0].Repeated)

	// Somebody else decides on the same seat and comes too late.
	_, err = store.Append(ctx, &pb.AppendRequest{
		Writes:   []*pb.Write{{Stream: "flight-8", Expected: absent(), Events: []*pb.Event{event("SeatTaken", nil, "seat:12A")}}},
		Boundary: &pb.Boundary{Query: seat, After: head.Position},
	})
	failure := failureOf(err)
	if failure == nil {
		return fmt.Errorf("the second booking of a seat was not refused: %v", err)
	}
	fmt.Printf("refused %s definite %t last match %d\n", failure.Error, failure.Definite, failure.GetLastMatch())

	return follow(ctx, store, head.Position)
}

// follow prints the log from behind a position until all that is there has come.
func follow(ctx context.Context, store pb.EventStoreClient, after uint64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	deliveries, err := store.Subscribe(ctx, &pb.SubscribeRequest{After: after, PageSize: 100})
	if err != nil {
		return err
	}
	for {
		delivery, err := deliveries.Recv()
		if err != nil {
			return err
		}
		for _, recorded := range delivery.Events {
			fmt.Printf("%d %s %s %s\n", recorded.Position, recorded.Stream, recorded.Event.Type, recorded.Event.Data)
		}
		if delivery.CaughtUp {
			return nil // a real follower would go on, and keep delivery.Position
		}
	}
}

// appendOnce repeats an append whose outcome is unknown; with the same ids it is stored once.
func appendOnce(ctx context.Context, store pb.EventStoreClient, request *pb.AppendRequest) (*pb.AppendResponse, error) {
	for {
		response, err := store.Append(ctx, request)
		if err == nil {
			return response, nil
		}
		if failure := failureOf(err); failure != nil && failure.Definite {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// failureOf is what the server says of a call that failed; nil if it said nothing.
func failureOf(err error) *pb.Failure {
	for _, detail := range status.Convert(err).Details() {
		if failure, ok := detail.(*pb.Failure); ok {
			return failure
		}
	}
	return nil
}

func absent() *pb.Expected {
	return &pb.Expected{Kind: &pb.Expected_Absent_{Absent: &pb.Expected_Absent{}}}
}

func event(kind string, data any, tags ...string) *pb.Event {
	encoded, err := json.Marshal(data)
	if err != nil {
		panic(err) // data of this program's own making
	}
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		panic(err)
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // a random UUID (RFC 9562, version 4)
	return &pb.Event{Id: id, Type: kind, Data: encoded, Tags: tags}
}
