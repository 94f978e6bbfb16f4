package notify_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/locus-genomics/locus/node/notify"
)

func newMail(t testing.TB, cfg notify.MailConfig, way notify.Relay) *notify.Mail {
	t.Helper()
	if cfg.From == "" {
		cfg.From, cfg.To = "locus@hospital.example", []string{"alice@hospital.example", "bob+locus@hospital.example"}
	}
	m, err := notify.NewMail(cfg, way)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestALetterOfEachKind(t *testing.T) {
	config, roots := certificate(t)
	r := newRelay(t, func(r *relay) { r.tls = config })
	way := &dials{address: r.address}
	m := newMail(t, notify.MailConfig{Relay: "example.com:587", Roots: roots, User: "locus", Password: "a password"}, way)
	var all strings.Builder
	for i, k := range notify.Kinds() {
		if err := m.Send(t.Context(), item(t, notice(k))); err != nil {
			t.Fatal(err)
		}
		got := r.letters()
		if len(got) != i+1 {
			t.Fatalf("%s: %d letters", k, len(got))
		}
		envelope, letter, _ := strings.Cut(got[i], "\n")
		want := `auth "\x00locus\x00a password" MAIL FROM:<locus@hospital.example> BODY=8BITMIME RCPT TO:<alice@hospital.example> RCPT TO:<bob+locus@hospital.example> tls=true`
		if envelope != want {
			t.Errorf("%s: got %s", k, envelope)
		}
		if string(way.letters[i].Bytes()) != letter {
			t.Errorf("%s: another letter than was shown to the way out", k)
		}
		all.WriteString(strings.ReplaceAll(letter, "\r\n", "\n") + "\n")
	}
	golden(t, "letters.golden", all.String())
}

// Without TLS nothing is said but a greeting, unless the relay is on this machine.
func TestNoLetterWithoutTLS(t *testing.T) {
	config, _ := certificate(t)
	for _, tt := range []struct {
		name, relay string
		change      func(*relay)
		want        bool
	}{
		{"a relay that does not offer it", "example.com:587", func(r *relay) { r.bare = true }, false},
		{"a relay that nobody vouches for", "example.com:587", nil, false},
		{"a relay that breaks it off", "example.com:587", func(r *relay) { r.answers["STARTTLS"] = "454 not now" }, false},
		{"a name that may be this machine", "localhost:25", func(r *relay) { r.bare = true }, false},
		{"this machine", "127.0.0.1:25", func(r *relay) { r.bare = true }, true},
		{"this machine, with a certificate of its own", "127.0.0.1:25", nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRelay(t, func(r *relay) {
				if r.tls = config; tt.change != nil {
					tt.change(r)
				}
			})
			err := newMail(t, notify.MailConfig{Relay: tt.relay}, &dials{address: r.address}).Send(t.Context(), item(t, notice(notify.Frozen)))
			if (err == nil) != tt.want || len(r.letters()) != 0 != tt.want {
				t.Errorf("got %v, %q", err, r.letters())
			}
			if err != nil && !errors.Is(err, notify.ErrUnreachable) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAPasswordIsSaidUnderTLSAlone(t *testing.T) {
	r := newRelay(t, func(r *relay) { r.bare = true })
	m := newMail(t, notify.MailConfig{Relay: "127.9.9.9:25", User: "locus", Password: "a password"}, &dials{address: r.address})
	if err := m.Send(t.Context(), item(t, notice(notify.Frozen))); err == nil || len(r.letters()) != 0 {
		t.Errorf("got %v, %q", err, r.letters())
	}
}

func TestWhatARelaySays(t *testing.T) {
	for _, tt := range []struct {
		command, answer string
		want            error
	}{
		{"EHLO", "500 what", notify.ErrUnreachable},
		{"MAIL", "451 later", notify.ErrUnreachable},
		{"MAIL", "530 who are you", notify.ErrUnreachable},
		{"RCPT", "550 nobody of that name", notify.ErrRefused},
		{"DATA", "554 no", notify.ErrRefused},
		{"DATA", "452 full", notify.ErrUnreachable},
		{"DATA", "250-" + strings.Repeat("a", 1<<20), notify.ErrUnreachable},
		{"MAIL", strings.Repeat("250-and so on\r\n", 1<<16), notify.ErrUnreachable},
	} {
		r := newRelay(t, func(r *relay) { r.answers[tt.command] = tt.answer; r.answers["HELO"] = "500 what" })
		err := newMail(t, notify.MailConfig{Relay: "127.0.0.1:25"}, &dials{address: r.address}).Send(t.Context(), item(t, notice(notify.Frozen)))
		if !errors.Is(err, tt.want) || strings.Contains(err.Error(), "nobody of that name") || len(err.Error()) > 300 {
			t.Errorf("%s: got %v", tt.command, err)
		}
	}
}

// silent dials to somebody who never says anything.
type silent struct{ t *testing.T }

func (s silent) Dial(context.Context, notify.Letter) (net.Conn, error) {
	here, there := net.Pipe()
	s.t.Cleanup(func() { there.Close() })
	return here, nil
}

func TestARelayThatSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		m := newMail(t, notify.MailConfig{Relay: "127.0.0.1:25"}, silent{t})
		if err := m.Send(ctx, item(t, notice(notify.Frozen))); !errors.Is(err, notify.ErrUnreachable) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAddressesThatAreRefused(t *testing.T) {
	for _, bad := range []string{
		"", "alice", "@example.org", "alice@", "alice@example.org\r\nBcc: mallory@example.org", "alice@example.org\n", "Alice <alice@example.org>",
		"alice@example.org, mallory@example.org", "alice@exa mple.org", "al\"ice@example.org", "älice@example.org", "alice@example.org>", "a@b@c", "a..b@example.org",
		strings.Repeat("a", 65) + "@example.org",
	} {
		if err := notify.CheckMailbox(bad); err == nil {
			t.Errorf("taken as a mailbox: %q", bad)
		}
	}
	for _, bad := range []string{"", "mail.example.org", "mail.example.org:", "mail.example.org:0", "mail.example.org:smtp", "mail example:25", ":25", "a\r\nb:25", "mail.example.org:99999", "[fe80::1%eth0]:25"} {
		if _, err := notify.CheckRelay(bad); err == nil {
			t.Errorf("taken as a relay: %q", bad)
		}
	}
	for _, good := range []string{"mail.example.org:587", "127.0.0.1:25", "[::1]:25", "relay:25"} {
		if _, err := notify.CheckRelay(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

// FuzzRelay lets a relay say anything.
func FuzzRelay(f *testing.F) {
	f.Add([]byte("220 relay\r\n250-STARTTLS\r\n250 ok\r\n220 go\r\n"))
	f.Add([]byte("220 relay\r\n250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n221 bye\r\n"))
	f.Add([]byte("220-\r\n220-\r\n999 \r\n"))
	f.Add([]byte("\xff\x00"))
	f.Fuzz(func(t *testing.T, says []byte) {
		m := newMail(t, notify.MailConfig{Relay: "127.0.0.1:25"}, script(says))
		if err := m.Send(t.Context(), item(t, notice(notify.Frozen))); err != nil && !errors.Is(err, notify.ErrUnreachable) && !errors.Is(err, notify.ErrRefused) {
			t.Errorf("got %v", err)
		}
	})
}

// script is a relay that says what it says, whatever it is told.
type script []byte

func (s script) Dial(context.Context, notify.Letter) (net.Conn, error) {
	return &scripted{says: s}, nil
}

type scripted struct {
	net.Conn
	says []byte
}

func (s *scripted) Read(p []byte) (int, error) {
	n := copy(p, s.says)
	if s.says = s.says[n:]; n == 0 {
		return 0, net.ErrClosed
	}
	return n, nil
}
func (s *scripted) Write(p []byte) (int, error)     { return len(p), nil }
func (s *scripted) Close() error                    { return nil }
func (s *scripted) SetDeadline(time.Time) error     { return nil }
func (s *scripted) SetReadDeadline(time.Time) error { return nil }
