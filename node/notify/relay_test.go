package notify_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
)

// relay is a mail relay as far as letters need one: RFC 5321 with STARTTLS and AUTH PLAIN.
type relay struct {
	address string
	tls     *tls.Config
	// bare does not offer STARTTLS; answers take the place of what is usually said to a command.
	bare    bool
	answers map[string]string

	mu sync.Mutex
	// got are letters, with a line before for sender, recipients and whether it was under TLS.
	got []string
}

func newRelay(t testing.TB, change func(*relay)) *relay {
	t.Helper()
	r := &relay{answers: map[string]string{}}
	if change != nil {
		change(r)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.address = l.Addr().String()
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { defer c.Close(); r.serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); conns.Wait() })
	return r
}

func (r *relay) letters() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.got...)
}

func (r *relay) serve(conn net.Conn) {
	in := bufio.NewReader(conn)
	say := func(text string) { fmt.Fprintf(conn, "%s\r\n", text) }
	envelope, secure := "", false
	say("220 relay")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		command, _, _ := strings.Cut(strings.ToUpper(line), " ")
		if answer, is := r.answers[command]; is {
			say(answer)
			continue
		}
		switch command {
		case "EHLO":
			say("250-relay")
			if !secure && !r.bare {
				say("250-STARTTLS")
			}
			say("250-8BITMIME")
			say("250 AUTH PLAIN")
		case "STARTTLS":
			say("220 go on")
			c := tls.Server(conn, r.tls)
			if c.Handshake() != nil {
				return
			}
			conn, in, secure = c, bufio.NewReader(c), true
		case "AUTH":
			raw, _ := base64.StdEncoding.DecodeString(line[strings.LastIndex(line, " ")+1:])
			envelope += fmt.Sprintf("auth %q ", raw)
			say("235 welcome")
		case "MAIL", "RCPT":
			envelope += line + " "
			say("250 ok")
		case "DATA":
			say("354 go on")
			var letter strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				letter.WriteString(strings.TrimPrefix(line, "."))
			}
			r.mu.Lock()
			r.got = append(r.got, fmt.Sprintf("%stls=%v\n%s", envelope, secure, letter.String()))
			r.mu.Unlock()
			envelope = ""
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("502 what")
		}
	}
}
