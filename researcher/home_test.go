package researcher_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/researcher"
)

func TestWordsGiveTheSameKeysAgain(t *testing.T) {
	alice := newHome(t)
	words := must[string](t)(alice.Words())
	if n := len(strings.Fields(words)); n != 24 {
		t.Fatalf("%d words, want 24", n)
	}
	again := must[*researcher.Home](t)(researcher.Restore(filepath.Join(t.TempDir(), "new"), alice.Identity(), "\n "+strings.ReplaceAll(words, " ", "\n  ")))
	bob := newHome(t)
	if again.Key().Public().ID() != alice.Key().Public().ID() {
		t.Error("another signing key")
	}
	if bob.Key().Public().ID() == alice.Key().Public().ID() {
		t.Error("two homes have one key")
	}
	nonce, other := [32]byte{1}, [32]byte{2}
	secrets := func(h *researcher.Home, nonce [32]byte) string { return must[string](t)(h.Secrets(nonce)) }
	if secrets(again, nonce) != secrets(alice, nonce) {
		t.Error("other secrets for the same question")
	}
	if secrets(alice, other) == secrets(alice, nonce) || secrets(bob, nonce) == secrets(alice, nonce) {
		t.Error("two questions share secrets")
	}
	reloaded := must[*researcher.Home](t)(researcher.Load(alice.Dir()))
	if reloaded.Identity() != alice.Identity() || secrets(reloaded, nonce) != secrets(alice, nonce) {
		t.Error("a home that was loaded again is another one")
	}
}

func TestHomeRefuses(t *testing.T) {
	alice := newHome(t)
	who := alice.Identity()
	words := must[string](t)(alice.Words())
	damaged := newHome(t)
	if err := os.WriteFile(filepath.Join(damaged.Dir(), "seed"), []byte("AAAA\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		do   func(dir string) error
		want error
		says string
	}{
		"to overwrite a key":            {func(string) error { _, err := researcher.Init(alice.Dir(), who); return err }, researcher.ErrExists, "not overwritten"},
		"to overwrite a key from words": {func(string) error { _, err := researcher.Restore(alice.Dir(), who, words); return err }, researcher.ErrExists, ""},
		"an empty directory":            {func(dir string) error { _, err := researcher.Load(dir); return err }, researcher.ErrNoHome, "locus init"},
		"a damaged seed":                {func(string) error { _, err := researcher.Load(damaged.Dir()); return err }, nil, "24 words"},
		"nobody":                        {func(dir string) error { _, err := researcher.Init(dir, researcher.Identity{Name: " "}); return err }, nil, "name"},
		"a misspelt word":               {func(dir string) error { _, err := researcher.Restore(dir, who, words+"x"); return err }, nil, "24 words"},
		"words whose checksum is wrong": {func(dir string) error {
			_, err := researcher.Restore(dir, who, strings.Repeat("abandon ", 24)) // with "art" at the end it is right
			return err
		}, nil, "24 words"},
		"too few words": {func(dir string) error {
			_, err := researcher.Restore(dir, who, words[:strings.LastIndexByte(words, ' ')])
			return err
		}, nil, "24 words"},
		"twelve words that are some seed": {func(dir string) error {
			_, err := researcher.Restore(dir, who, strings.Repeat("abandon ", 11)+"about")
			return err
		}, nil, "24 words"},
	} {
		t.Run(name, func(t *testing.T) {
			err := tt.do(t.TempDir())
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %v that says %q", err, tt.want, tt.says)
			}
			if err != nil && strings.Contains(err.Error(), strings.Fields(words)[5]+" "+strings.Fields(words)[6]) {
				t.Errorf("the error tells the words: %v", err)
			}
		})
	}
	if _, err := researcher.Load(alice.Dir()); err != nil {
		t.Errorf("the first home is gone: %v", err)
	}
}

func TestHomeIsForItsOwnerOnly(t *testing.T) {
	alice := newHome(t)
	err := filepath.WalkDir(alice.Dir(), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", d.Name(), info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	words := must[string](t)(alice.Words())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		printed := fmt.Sprintf(verb, alice)
		if !strings.HasPrefix(printed, "researcher.Home(") || strings.Contains(printed, strings.Fields(words)[0]+" ") {
			t.Errorf("%s prints %s", verb, printed)
		}
	}
}

func studyToken(name string, roster protocol.Digest) string {
	return protocol.Token{Kind: protocol.StudyToken, Endpoints: []protocol.Endpoint{{Name: "c1", URL: "https://localhost:1"}}, Study: name, Roster: roster}.String()
}

func TestJoinPins(t *testing.T) {
	alice := newHome(t)
	first, second := protocol.Hash("first"), protocol.Hash("second")
	for _, step := range []struct {
		name    string
		token   string
		replace bool
		want    error
		pinned  protocol.Digest
	}{
		{"a study is pinned", studyToken("demo", first), false, nil, first},
		{"joining again is harmless", studyToken("demo", first), false, nil, first},
		{"another roster is refused", studyToken("demo", second), false, researcher.ErrRoster, first},
		{"unless its words were compared", studyToken("demo", second), true, nil, second},
		{"and then the old one is the other", studyToken("demo", first), false, researcher.ErrRoster, second},
	} {
		t.Run(step.name, func(t *testing.T) {
			if _, err := alice.Join(step.token, step.replace); !errors.Is(err, step.want) {
				t.Errorf("Join: %v, want %v", err, step.want)
			}
			p := must[researcher.Pinned](t)(alice.Study("demo"))
			if p.Roster != step.pinned {
				t.Errorf("pinned %s, want %s", p.Roster.Short(), step.pinned.Short())
			}
		})
	}
	for name, token := range map[string]string{
		"a token without a roster":      studyToken("demo", protocol.Digest{}),
		"a study whose name is a path":  studyToken("../demo", first),
		"a study without a name":        studyToken("", first),
		"a token that was not all read": studyToken("other", first)[:40],
		"a site's token":                protocol.Token{Kind: protocol.SiteToken, Endpoints: []protocol.Endpoint{{}}, Site: "s", Secret: []byte("s")}.String(),
	} {
		if _, err := alice.Join(token, true); err == nil {
			t.Errorf("%s was joined", name)
		}
	}
	list := must[[]researcher.Pinned](t)(alice.Studies())
	if len(list) != 1 {
		t.Errorf("%d studies, want 1", len(list))
	}
	if _, err := alice.Study("elsewhere"); !errors.Is(err, researcher.ErrNotJoined) {
		t.Errorf("a study that was not joined: %v", err)
	}
	if _, err := alice.Client("elsewhere"); !errors.Is(err, researcher.ErrNotJoined) {
		t.Errorf("a client of it: %v", err)
	}
}
