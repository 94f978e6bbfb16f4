package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

var (
	// ErrSecret is returned for a file that holds no secret, or one that others can read.
	ErrSecret = errors.New("notify: not a secret")
	// ErrSignature is returned for a webhook that was not signed with the secret, or long ago.
	ErrSignature = errors.New("notify: not signed with the secret")
)

const (
	secretPrefix = "whsec_"
	// A secret has as many bytes as Standard Webhooks wants of one.
	minSecret, maxSecret = 24, 64
	maxSecretFile        = 1 << 10
	// MaxAge is how old a webhook may be for a receiver.
	MaxAge = 5 * time.Minute
)

// Secret signs webhooks.
type Secret struct{ key []byte }

// Format keeps the secret out of what is printed.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, "notify.Secret(…)") }

// ParseSecret reads whsec_ and a key in base64, as Standard Webhooks write it.
func ParseSecret(text string) (Secret, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !ok || err != nil || len(key) < minSecret || len(key) > maxSecret {
		return Secret{}, fmt.Errorf("%w: want %s and %d to %d bytes in base64", ErrSecret, secretPrefix, minSecret, maxSecret)
	}
	return Secret{key}, nil
}

// ReadSecret reads a file with one secret, which nobody but its owner may read.
func ReadSecret(path string) (Secret, error) {
	text, err := readSecretFile(path)
	if err != nil {
		return Secret{}, err
	}
	return ParseSecret(text)
}

// readSecretFile reads one line.
func readSecretFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrSecret, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrSecret, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%w: %s can be read by others; chmod 600 it", ErrSecret, path)
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil || len(raw) > maxSecretFile {
		return "", fmt.Errorf("%w: %s cannot be read, or has more than %d bytes", ErrSecret, path, maxSecretFile)
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", fmt.Errorf("%w: %s has one line", ErrSecret, path)
	}
	return text, nil
}

// The headers of a webhook.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

// sign is the signature of a body that is sent at a time.
func (s Secret) sign(id, timestamp string, body []byte) string {
	h := hmac.New(sha256.New, s.key)
	io.WriteString(h, id+"."+timestamp+".")
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// VerifyWebhook is what a receiver does first: it requires one good signature, and a time
// within MaxAge of now.
func VerifyWebhook(s Secret, h http.Header, body []byte, now time.Time) error {
	id, timestamp := h.Get(HeaderID), h.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || id == "" {
		return fmt.Errorf("%w: without %s or %s", ErrSignature, HeaderID, HeaderTimestamp)
	}
	if age := now.Sub(time.Unix(seconds, 0)); max(age, -age) > MaxAge {
		return fmt.Errorf("%w: at another time", ErrSignature)
	}
	want := s.sign(id, timestamp, body)
	for got := range strings.FieldsSeq(h.Get(HeaderSignature)) {
		if hmac.Equal([]byte(got), []byte(want)) {
			return nil
		}
	}
	return ErrSignature
}
