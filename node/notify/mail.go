package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"
)

// ErrNoTLS is returned for a relay that does not offer STARTTLS.
var ErrNoTLS = errors.New("notify: the relay does not offer STARTTLS, and is not on this machine")

// maxSession bounds what a relay says while one letter is sent, certificates included.
const maxSession = 256 << 10

// Relay opens a connection to the relay for one letter, and to nothing else: a node hands in
// that of its egress door, which writes the letter down first.
type Relay interface {
	Dial(ctx context.Context, letter Letter) (net.Conn, error)
}

// MailConfig is how letters are sent.
type MailConfig struct {
	// Relay is host and port.
	Relay string
	// From is the sender, To who gets every letter.
	From string
	To   []string
	// User and Password are for a relay that wants them, which gets them under TLS alone.
	User, Password string
	// Roots are the authorities that may speak for the relay; nil means the system's. A relay
	// on this machine is spoken to without TLS if there are none.
	Roots *x509.CertPool
}

// Mail sends notices as e-mail through one relay.
type Mail struct {
	cfg  MailConfig
	host string
	way  Relay
}

// NewMail makes a sender of one way out, which does the dialling.
func NewMail(cfg MailConfig, way Relay) (*Mail, error) {
	host, err := CheckRelay(cfg.Relay)
	errs := []error{err, CheckMailbox(cfg.From)}
	if len(cfg.To) == 0 || len(cfg.To) > maxRecipients {
		errs = append(errs, fmt.Errorf("%w: letters go to 1 to %d mail addresses", ErrAddress, maxRecipients))
	}
	for _, to := range cfg.To {
		errs = append(errs, CheckMailbox(to))
	}
	return &Mail{cfg, host, way}, errors.Join(errs...)
}

// Send sends a notice as a letter. All recipients get it, or the relay takes it for none.
func (m *Mail) Send(ctx context.Context, item Item) error {
	n, err := ParseNotice(item.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	letter := newLetter(m.cfg.From, m.cfg.To, &n, item.ID)
	conn, err := m.way.Dial(ctx, letter)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer conn.Close()
	// net/smtp knows no context: what waits is woken by the connection's end.
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
	}
	err = m.speak(&bounded{Conn: conn, left: maxSession}, letter)
	var said *textproto.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &said) && said.Code >= 550 && said.Code <= 559:
		return fmt.Errorf("%w: code %d", ErrRefused, said.Code)
	case errors.As(err, &said):
		// A relay's words are its own: the code has to do.
		return fmt.Errorf("%w: code %d", ErrUnreachable, said.Code)
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// speak says a letter by SMTP.
func (m *Mail) speak(conn net.Conn, letter Letter) error {
	c, err := smtp.NewClient(conn, m.host)
	if err != nil {
		return err
	}
	_, domain, _ := strings.Cut(m.cfg.From, "@")
	if err := c.Hello(domain); err != nil {
		return err
	}
	if err := m.encrypt(c); err != nil {
		return err
	}
	if m.cfg.User != "" {
		if err := c.Auth(smtp.PlainAuth("", m.cfg.User, m.cfg.Password, m.host)); err != nil {
			return err
		}
	}
	if err := c.Mail(letter.from); err != nil {
		return err
	}
	for _, to := range letter.to {
		if err := c.Rcpt(to); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(letter.raw); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // it is taken, whatever follows
	return nil
}

func (m *Mail) encrypt(c *smtp.Client) error {
	if Loopback(m.host) && m.cfg.Roots == nil {
		return nil
	}
	if offered, _ := c.Extension("STARTTLS"); !offered {
		return ErrNoTLS
	}
	return c.StartTLS(&tls.Config{ServerName: m.host, RootCAs: m.cfg.Roots, MinVersion: tls.VersionTLS12})
}

// bounded is a connection that ends when the other side has said too much.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, fmt.Errorf("it has said more than %d bytes: %w", maxSession, io.ErrUnexpectedEOF)
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// sendTimeout is how long one attempt may take.
const sendTimeout = 30 * time.Second
