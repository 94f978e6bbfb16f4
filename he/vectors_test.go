package he_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/he"
)

var update = flag.Bool("update", false, "write the known answers anew; review them like code")

// known is one session with everything that it gives. Long values stand as their
// SHA-256: hidden words in full up to 100 bytes, a share as its numbers of 50 bits.
type known struct {
	Name      string      `json:"name"`
	Params    string      `json:"params"`
	Session   string      `json:"session"`
	CheckKey  string      `json:"checkKey"`
	Points    []uint32    `json:"points"`
	Threshold int         `json:"threshold"`
	Sites     []knownSite `json:"sites"`
	Cut       []int       `json:"cut"`
	Sum       string      `json:"sum"`
	Check     he.Check    `json:"check"`
	Openings  []string    `json:"openings"`
	Opened    []int64     `json:"opened"`
}

type knownSite struct {
	Root   string   `json:"root"`
	Words  []int64  `json:"words"`
	Hidden string   `json:"hidden"`
	Check  he.Check `json:"check"`
	Shares []string `json:"shares"`
}

const vectorsFile = "testdata/vectors.json"

// knownInputs are the questions; a run with -update answers them.
func knownInputs() []known {
	key := func(fill byte) string { return hex.EncodeToString(bytes.Repeat([]byte{fill}, 32)) }
	long := func(step int64) []int64 { // one word more than a block
		words := make([]int64, 2049)
		for i := range words {
			words[i] = int64(i)*step - 1000
		}
		return words
	}
	return []known{
		{Name: "two sites, both needed, extreme values", Params: "a50g8", Session: key(1), CheckKey: key(2), Points: []uint32{1, 2}, Threshold: 2, Cut: []int{0, 1},
			Sites: []knownSite{
				{Root: key(3), Words: []int64{274877906943, -274877906943, 0, 1, -1}},
				{Root: key(4), Words: []int64{274877906943, -274877906943, 0, -1, 1}},
			}},
		{Name: "three sites, of which one is not in the cut", Params: "a50g8", Session: key(5), CheckKey: key(6), Points: []uint32{7, 9, 1000000}, Threshold: 2, Cut: []int{0, 2},
			Sites: []knownSite{{Root: key(7), Words: []int64{5, 6}}, {Root: key(8), Words: []int64{50, 60}}, {Root: key(9), Words: []int64{500, -600}}}},
		{Name: "two blocks, wider guard", Params: "a50g10", Session: key(10), CheckKey: key(11), Points: []uint32{1, 2, 3}, Threshold: 3, Cut: []int{0, 1, 2},
			Sites: []knownSite{{Root: key(12), Words: long(1)}, {Root: key(13), Words: long(-2)}, {Root: key(14), Words: long(1000)}}},
	}
}

// answer fills in what the inputs give.
func (k *known) answer(t *testing.T) {
	t.Helper()
	s, err := k.session(len(k.Sites[0].Words))
	if err != nil {
		t.Fatal(err)
	}
	all := make([]contribution, len(k.Sites))
	for i := range k.Sites {
		site := &k.Sites[i]
		root, err := he.NewSessionRoot(unhex(t, site.Root))
		if err != nil {
			t.Fatal(err)
		}
		all[i] = contributeUnder(t, s, root, site.Words)
		site.Hidden, site.Check, site.Shares = brief(all[i].hidden), all[i].check, nil
		for _, share := range all[i].shares {
			site.Shares = append(site.Shares, brief(he.ShareBytes(share)))
		}
	}
	var cut []contribution
	for _, i := range k.Cut {
		cut = append(cut, all[i])
	}
	total := add(t, cut...)
	k.Sum, k.Check, k.Openings = brief(total.hidden), total.check, nil
	for _, o := range total.openings {
		k.Openings = append(k.Openings, brief(he.ShareBytes(o)))
	}
	if k.Opened, err = he.Open(s, total.hidden, total.check, total.pick(k.Cut...)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(total.words, k.Opened); diff != "" {
		t.Fatal(diff)
	}
}

func (k *known) session(words int) (s he.Session, err error) {
	id, err := hex.DecodeString(k.Session)
	if err != nil {
		return s, err
	}
	key, err := hex.DecodeString(k.CheckKey)
	if err != nil {
		return s, err
	}
	s = he.Session{ID: he.SessionID(id), Points: k.Points, Threshold: k.Threshold, Words: words}
	if s.Params, err = he.ParseParams(k.Params); err != nil {
		return s, err
	}
	s.CheckKey, err = he.NewCheckKey(key)
	return s, err
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func brief(b []byte) string {
	if len(b) <= 100 {
		return hex.EncodeToString(b)
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(b))
}

// TestKnownAnswers: a change here is a new format, which needs a new name.
func TestKnownAnswers(t *testing.T) {
	if *update {
		all := knownInputs()
		for i := range all {
			all[i].answer(t)
		}
		b, err := json.MarshalIndent(all, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(vectorsFile, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	var want []known
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	if len(want) != len(knownInputs()) {
		t.Fatalf("%s holds %d sessions, want %d", vectorsFile, len(want), len(knownInputs()))
	}
	for _, k := range want {
		t.Run(k.Name, func(t *testing.T) {
			again := func() {
				got := k
				got.Sites = append([]knownSite(nil), k.Sites...)
				got.answer(t)
				if diff := cmp.Diff(k, got); diff != "" {
					t.Errorf("known answers (-want +got):\n%s", diff)
				}
			}
			again()
			he.Portable(again)
		})
	}
}
