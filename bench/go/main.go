// One candidate of Go's own concurrency.Election, that leads and waits in turn. Asked by lines on the standard input,
// it answers each with a line: milliseconds on the machine's monotonic clock, or what went wrong.
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

func now() float64 {
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &at); err != nil {
		panic(err)
	}
	return float64(at.Sec)*1e3 + float64(at.Nsec)/1e6
}

type contender struct {
	client   *clientv3.Client
	session  *concurrency.Session
	name     string
	election *concurrency.Election
	elected  chan float64
}

func (c *contender) queue(ctx context.Context) error {
	if c.election != nil {
		return nil
	}
	election, elected := concurrency.NewElection(c.session, c.name), make(chan float64, 1)
	c.election, c.elected = election, elected
	go func() {
		if err := election.Campaign(ctx, "go"); err != nil {
			panic(err)
		}
		elected <- now()
	}()
	key := fmt.Sprintf("%s/%x", c.name, c.session.Lease())
	for {
		found, err := c.client.Get(ctx, key, clientv3.WithCountOnly())
		if err != nil || found.Count > 0 {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (c *contender) leave(ctx context.Context) (float64, error) {
	if c.election == nil {
		return now(), nil
	}
	election, at := c.election, now()
	c.election = nil
	return at, election.Resign(ctx)
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
	c := &contender{client: client, session: session, name: os.Args[2]}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var at float64
		var err error
		switch lines.Text() {
		case "queue":
			err = c.queue(ctx)
		case "elected":
			at = <-c.elected
			c.elected <- at
		case "leave":
			at, err = c.leave(ctx)
		}
		if err != nil {
			fmt.Println("error:", err)
		} else {
			fmt.Println(at)
		}
	}
	session.Close()
}
