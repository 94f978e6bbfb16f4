package main

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/cli"
)

// What is named by mistake in place of a passport would be sealed to every site.
func TestOnlyAPassportIsReadAsOne(t *testing.T) {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	token := part(`{"alg":"ES256"}`) + "." + part(`{"iss":"https://broker.example"}`) + "." + part("signature")
	for _, tt := range []struct {
		name, text string
		is         bool
	}{
		{"a token", token + "\n", true},
		{"a list of tokens", `["` + token + `", "` + token + `"]`, true},
		{"what a broker says of a user", `{"sub": "alice", "ga4gh_passport_v1": ["` + token + `"]}`, true},
		{"a sample table", "sample_id\tperson_id\tsex\nS1\tP1\tfemale\n", false},
		{"a list of something else", `["P1", "P2"]`, false},
		{"an empty list", `[]`, false},
		{"a user without visas", `{"sub": "alice"}`, false},
		{"a file with dots", "a.b.c", false},
		{"a token without claims", part(`{"alg":"ES256"}`) + "." + part("claims") + "." + part("signature"), false},
		{"a token without a signature", strings.TrimSuffix(token, part("signature")), false},
		{"JSON that is cut", `["` + token, false},
		{"nothing", "\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "passport")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			raw, err := readPassport(path)
			switch {
			case tt.is && (err != nil || string(raw) != strings.TrimSpace(tt.text)):
				t.Errorf("got %q, %v", raw, err)
			case !tt.is && (!errors.As(err, new(cli.UsageError)) || strings.Contains(err.Error(), "P1")):
				t.Errorf("got %q, %v", raw, err)
			}
		})
	}
}
