// One participant of etcd's own Go client, that queues and leaves in turn: a candidate of concurrency.Election, or a
// holder of concurrency.Mutex. Asked by lines on the standard input, it answers each with a line: its key, milliseconds
// on the machine's monotonic clock, or what went wrong.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"golang.org/x/sys/unix"
)

func now() string {
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &at); err != nil {
		panic(err)
	}
	return fmt.Sprintf("%d.%06d", at.Sec*1e3+at.Nsec/1e6, at.Nsec%1e6)
}

// queue is what elections and mutexes have in common.
type queue interface {
	wait(ctx context.Context) error
	leave(ctx context.Context) error
}

type election struct {
	*concurrency.Election
	value string
}

func (e election) wait(ctx context.Context) error  { return e.Campaign(ctx, e.value) }
func (e election) leave(ctx context.Context) error { return e.Resign(ctx) }

type mutex struct{ *concurrency.Mutex }

func (m mutex) wait(ctx context.Context) error  { return m.Lock(ctx) }
func (m mutex) leave(ctx context.Context) error { return m.Unlock(ctx) }

type participant struct {
	client  *clientv3.Client
	session *concurrency.Session
	kind    string
	name    string
	value   string
	place   queue
	first   chan string
}

func (p *participant) make() queue {
	if p.kind == "mutex" {
		return mutex{concurrency.NewMutex(p.session, p.name)}
	}
	return election{concurrency.NewElection(p.session, p.name), p.value}
}

func (p *participant) key() string {
	return fmt.Sprintf("%s/%x", p.name, p.session.Lease())
}

func (p *participant) queue(ctx context.Context) (string, error) {
	if p.place != nil {
		return p.key(), nil
	}
	place, first := p.make(), make(chan string, 1)
	p.place, p.first = place, first
	go func() {
		if err := place.wait(ctx); err != nil {
			panic(err)
		}
		first <- now()
	}()
	for {
		found, err := p.client.Get(ctx, p.key(), clientv3.WithCountOnly())
		if err != nil || found.Count > 0 {
			return p.key(), err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// try takes a mutex that nobody holds.
func (p *participant) try(ctx context.Context) (string, error) {
	m := concurrency.NewMutex(p.session, p.name)
	if err := m.TryLock(ctx); err != nil {
		return "", err
	}
	p.place = mutex{m}
	return p.key(), nil
}

func (p *participant) leave(ctx context.Context) (string, error) {
	if p.place == nil {
		return now(), nil
	}
	place, at := p.place, now()
	p.place = nil
	return at, place.leave(ctx)
}

func main() {
	ctx := context.Background()
	client, err := clientv3.New(clientv3.Config{Endpoints: strings.Split(os.Args[1], ",")})
	if err != nil {
		panic(err)
	}
	session, err := concurrency.NewSession(client, concurrency.WithTTL(10))
	if err != nil {
		panic(err)
	}
	p := &participant{client: client, session: session, kind: os.Args[2], name: os.Args[3], value: os.Args[4]}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var answer string
		var err error
		switch lines.Text() {
		case "queue":
			answer, err = p.queue(ctx)
		case "first":
			answer = <-p.first
			p.first <- answer
		case "try":
			answer, err = p.try(ctx)
		case "leave":
			answer, err = p.leave(ctx)
		}
		if err != nil {
			fmt.Println("error:", err)
		} else {
			fmt.Println(answer)
		}
	}
	session.Close()
}
