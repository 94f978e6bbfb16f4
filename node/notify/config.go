package notify

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/locus-genomics/locus/internal/strictjson"
)

// ErrConfig is returned for a configuration that cannot be used.
var ErrConfig = errors.New("notify: bad configuration")

// Bounds of a configuration.
const (
	// MaxConfigSize bounds the file: maxTargets of either kind with maxRecipients each.
	MaxConfigSize = 256 << 10
	maxTargets    = 16
	maxRecipients = 16
	maxRoots      = 1 << 20
	maxText       = 256
)

// Config is who is told of what.
type Config struct {
	Webhooks []WebhookTarget `json:"webhooks"`
	Mail     []MailTarget    `json:"mail"`
}

// WebhookTarget is a system that gets JSON.
type WebhookTarget struct {
	// Name is the target's, for its folder and the log.
	Name string `json:"name"`
	// URL is https, or http to a loopback address in digits.
	URL string `json:"url"`
	// SecretFile holds what it is signed with: whsec_ and base64.
	SecretFile string `json:"secretFile"`
	// Kinds are the notices that it gets; missing means all.
	Kinds []Kind `json:"kinds"`
	// Findings says that it also gets findings as OCSF.
	Findings bool `json:"findings"`
	// CAFile holds the authorities that may speak for it, as PEM; missing means the system's.
	CAFile string `json:"caFile"`
}

// MailTarget is people who get letters.
type MailTarget struct {
	Name string `json:"name"`
	// Relay is host and port of the relay that takes the letters.
	Relay string   `json:"relay"`
	From  string   `json:"from"`
	To    []string `json:"to"`
	Kinds []Kind   `json:"kinds"`
	// User and PasswordFile are for a relay that wants them.
	User         string `json:"user"`
	PasswordFile string `json:"passwordFile"`
	CAFile       string `json:"caFile"`
}

// ParseConfig reads a configuration. A key that is unknown or stands twice is refused. It
// opens none of the files that are named.
func ParseConfig(raw []byte) (Config, error) {
	var document struct {
		APIVersion string `json:"apiVersion"`
		Config
	}
	if err := strictjson.Decode(raw, MaxConfigSize, &document); err != nil {
		return Config{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if document.APIVersion != Version {
		return Config{}, fmt.Errorf("%w: apiVersion is %q, want %q", ErrConfig, document.APIVersion, Version)
	}
	return document.Config, document.Config.Check()
}

var targetName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// Check returns everything that is wrong with the configuration.
func (c *Config) Check() error {
	var errs []error
	names := make(map[string]bool)
	target := func(name string, kinds []Kind, faults ...error) {
		if !targetName.MatchString(name) || names[name] {
			faults = append(faults, errors.New("a target has a name of its own, of small letters, digits and hyphens"))
		}
		names[name] = true
		if slices.ContainsFunc(kinds, func(k Kind) bool { return !k.known() }) || kinds != nil && len(kinds) == 0 {
			faults = append(faults, errors.New("kinds are those that there are, or left out for all"))
		}
		if err := errors.Join(faults...); err != nil {
			errs = append(errs, fmt.Errorf("%w: target %q: %w", ErrConfig, name, err))
		}
	}
	if len(c.Webhooks) > maxTargets || len(c.Mail) > maxTargets {
		errs = append(errs, fmt.Errorf("%w: at most %d webhooks and %d mail targets", ErrConfig, maxTargets, maxTargets))
	}
	for _, w := range c.Webhooks {
		_, err := CheckURL(w.URL)
		target(w.Name, w.Kinds, err, absolute("secretFile", w.SecretFile, true), absolute("caFile", w.CAFile, false))
	}
	for _, m := range c.Mail {
		_, err := NewMail(MailConfig{Relay: m.Relay, From: m.From, To: m.To}, nil)
		if (m.User == "") != (m.PasswordFile == "") || len(m.User) > maxText {
			err = errors.Join(err, errors.New("a user has a passwordFile, and a passwordFile a user"))
		}
		target(m.Name, m.Kinds, err, absolute("passwordFile", m.PasswordFile, false), absolute("caFile", m.CAFile, false))
	}
	return errors.Join(errs...)
}

func absolute(key, path string, needed bool) error {
	if path == "" && !needed || filepath.IsAbs(path) {
		return nil
	}
	return fmt.Errorf("%s is an absolute path", key)
}

// Ways are the ways out of a site: those of its egress door.
type Ways interface {
	// Webhook is a way to one URL and no other.
	Webhook(url string, roots *x509.CertPool) (http.RoundTripper, error)
	// Relay is a way to one mail relay and no other.
	Relay(address string) (Relay, error)
}

// Target is a sender and what it is told.
type Target struct {
	Name   string
	Sender Sender
	// Kinds are the notices that it gets; nil means all.
	Kinds []Kind
	// Findings says that it also gets findings.
	Findings bool
}

// Targets opens the files that the configuration names, and makes the senders. Nil is time.Now.
func (c *Config) Targets(ways Ways, now func() time.Time) (list []Target, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	for _, w := range c.Webhooks {
		sender, err := w.sender(ways, now)
		if err != nil {
			return nil, fmt.Errorf("target %q: %w", w.Name, err)
		}
		list = append(list, Target{w.Name, sender, w.Kinds, w.Findings})
	}
	for _, m := range c.Mail {
		sender, err := m.sender(ways)
		if err != nil {
			return nil, fmt.Errorf("target %q: %w", m.Name, err)
		}
		list = append(list, Target{m.Name, sender, m.Kinds, false})
	}
	return list, nil
}

func (w *WebhookTarget) sender(ways Ways, now func() time.Time) (Sender, error) {
	secret, err := ReadSecret(w.SecretFile)
	if err != nil {
		return nil, err
	}
	roots, err := readRoots(w.CAFile)
	if err != nil {
		return nil, err
	}
	way, err := ways.Webhook(w.URL, roots)
	if err != nil {
		return nil, err
	}
	return NewWebhook(w.URL, secret, way, now)
}

func (m *MailTarget) sender(ways Ways) (Sender, error) {
	cfg := MailConfig{Relay: m.Relay, From: m.From, To: m.To, User: m.User}
	var err error
	if m.PasswordFile != "" {
		if cfg.Password, err = readSecretFile(m.PasswordFile); err != nil {
			return nil, err
		}
	}
	if cfg.Roots, err = readRoots(m.CAFile); err != nil {
		return nil, err
	}
	way, err := ways.Relay(m.Relay)
	if err != nil {
		return nil, err
	}
	return NewMail(cfg, way)
}

// readRoots reads authorities; nil where no file is named.
func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxRoots))
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("%w: %s has no certificate in PEM", ErrConfig, path)
	}
	return roots, nil
}
