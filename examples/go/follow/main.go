// A consumer in Go that needs NATS alone: it follows the log by subjects and headers, sees every
// event once and in order, and goes on where it was.
//
//	eventstore relay run &
//	go run ./follow -server nats://127.0.0.1:4222 -checkpoint follow.position
//
// The contract is docs/reference/nats.md. The sequence of a message in the stream EVENTS is the
// position of its event, so the last position is all there is to remember: the consumer in
// JetStream is a cursor to throw away, and acknowledges nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	stream     = "EVENTS"
	batch      = 100
	patience   = time.Second            // after so long without an event, look where the stream is
	pause      = 200 * time.Millisecond // before trying again
	remembered = 4096                   // events whose repetition is compared
)

// errStop ends the program: somebody must look at it.
type errStop struct{ error }

func main() {
	server := flag.String("server", "nats://127.0.0.1:4222", "the NATS server")
	subject := flag.String("subject", "events.>", "what to print of the log, such as events.order.>")
	checkpoint := flag.String("checkpoint", "follow.position", "a file for the last position")
	until := flag.Uint64("until", 0, "stop behind this position; 0 goes on for ever")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *server, *subject, *checkpoint, *until); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, server, subject, checkpoint string, until uint64) error {
	position, err := load(checkpoint)
	if err != nil {
		return err
	}
	connection, err := nats.Connect(server, nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1))
	if err != nil {
		return err
	}
	defer connection.Close()
	js, err := jetstream.New(connection)
	if err != nil {
		return err
	}
	f := &follower{js: js, subject: subject, checkpoint: checkpoint, until: until, position: position, ids: map[uint64]string{}}
	for ctx.Err() == nil && !f.done() {
		err := f.follow(ctx)
		if stop := (errStop{}); errors.As(err, &stop) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			log.Printf("after position %d: %v; trying again", f.position, err)
			time.Sleep(pause)
		}
	}
	return nil
}

type follower struct {
	js         jetstream.JetStream
	subject    string
	checkpoint string
	until      uint64
	position   uint64            // everything up to here was handled
	ids        map[uint64]string // of the last events, by position
}

func (f *follower) done() bool { return f.until > 0 && f.position >= f.until }

// follow reads from behind the position until something is wrong with the cursor. Whatever it is
// (a lost connection, a stream that was deleted and made again, a gap), the cure is another cursor.
func (f *follower) follow(ctx context.Context) error {
	cursor, err := f.js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       f.position + 1,
		AckPolicy:         jetstream.AckNonePolicy,
		InactiveThreshold: time.Minute,
		MemoryStorage:     true,
		Replicas:          1,
	})
	if err != nil {
		return err
	}
	name := cursor.CachedInfo().Name
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = f.js.DeleteConsumer(ctx, stream, name) // if not now, JetStream does after a minute
	}()
	for ctx.Err() == nil && !f.done() {
		messages, err := cursor.Fetch(batch, jetstream.FetchMaxWait(patience))
		if err != nil {
			return err
		}
		before := f.position
		for message := range messages.Messages() {
			if err := f.take(message); err != nil {
				return errors.Join(err, f.save(before))
			}
		}
		if err := f.save(before); err != nil {
			return err
		}
		if err := messages.Error(); err != nil {
			return err
		}
		if f.position == before {
			if err := f.compare(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// take handles a message if it is the next one. Every event passes here, also those that are not
// printed: only so a gap is seen.
func (f *follower) take(message jetstream.Msg) error {
	position, err := strconv.ParseUint(message.Headers().Get("Trueorder-Position"), 10, 64)
	meta, broken := message.Metadata()
	if err != nil || broken != nil || meta.Sequence.Stream != position {
		return errStop{fmt.Errorf("a message on %s is not the log's: who else publishes to the stream?", message.Subject())}
	}
	id := message.Headers().Get("Nats-Msg-Id")
	switch {
	case f.done():
		return nil
	case position <= f.position:
		if known, ok := f.ids[position]; ok && known != id {
			return errStop{fmt.Errorf("position %d is event %s, and was %s: the log went back", position, id, known)}
		}
		return nil
	case position > f.position+1:
		return fmt.Errorf("position %d came, %d is missing", position, f.position+1)
	}
	if err := handle(message, f.subject); err != nil {
		return err
	}
	f.position = position
	f.ids[position] = id
	delete(f.ids, position-remembered)
	return nil
}

// compare makes sure that silence is the end of the stream.
func (f *follower) compare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*patience)
	defer cancel()
	current, err := f.js.Stream(ctx, stream)
	if err != nil {
		return err
	}
	if last := current.CachedInfo().State.LastSeq; last > f.position {
		return fmt.Errorf("the stream is at %d, and nothing comes", last)
	}
	return nil
}

// handle is what this consumer is for. Here it prints; save follows, so it is at least once. To have
// each event take effect exactly once, keep the position in the transaction of the effect.
func handle(message jetstream.Msg, subject string) error {
	tokens := strings.Split(message.Subject(), ".")
	if len(tokens) != 4 {
		return errStop{fmt.Errorf("%s is no subject of the log", message.Subject())}
	}
	if !matches(subject, tokens) {
		return nil
	}
	name, err := url.PathUnescape(tokens[2]) // %XX; everything else stands for itself
	if err != nil {
		return errStop{err}
	}
	kind, err := url.PathUnescape(tokens[3])
	if err != nil {
		return errStop{err}
	}
	fmt.Printf("%s %s %s %s\n", message.Headers().Get("Trueorder-Position"), name, kind, message.Data())
	return nil
}

// matches applies NATS's rule for subjects: * is one token, > is the rest.
func matches(subject string, tokens []string) bool {
	pattern := strings.Split(subject, ".")
	for i, token := range pattern {
		if token == ">" {
			return i < len(tokens)
		}
		if i >= len(tokens) || (token != "*" && token != tokens[i]) {
			return false
		}
	}
	return len(pattern) == len(tokens)
}

func load(path string) (uint64, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
}

// save replaces the checkpoint as a whole, if there is anything new.
func (f *follower) save(before uint64) error {
	if f.position == before {
		return nil
	}
	file, err := os.CreateTemp(filepath.Dir(f.checkpoint), ".follow-*")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(file, f.position)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), f.checkpoint)
}
