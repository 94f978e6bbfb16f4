package node_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
)

// Names of people, and where their data lies, are in no byte that leaves and in no line
// that is written for an operator, whatever encoding it is in.
func TestNoNameLeavesOrIsLogged(t *testing.T) {
	w := newNetwork(t, 2)
	a := w.ask()
	c := w.carry(a)
	// Refusals and alarms are written down too.
	w.sites[0].node.ChangeCounts(func(counts []int64) { counts[0] ^= 1 })
	w.try(a, 2)
	if err := w.offered(a); err == nil {
		t.Fatal("changed data is answered")
	}

	left := map[string][]byte{"the log": []byte(w.log.String())}
	for i, s := range w.sites {
		left["the egress log of "+s.dir] = must[[]byte](t)(os.ReadFile(filepath.Join(s.dir, "egress.log")))
		left["a contribution"] = append(left["a contribution"], must[[]byte](t)(c.contributions[i].Bytes())...)
		left["hidden words"] = append(left["hidden words"], w.words(c, i)...)
		left["what was received"] = append(left["what was received"], c.received[i].Bytes()...)
		left["a vote"] = append(left["a vote"], c.votes[i].Bytes()...)
		left["an opening"] = append(left["an opening"], must[[]byte](t)(c.openings[i].Bytes())...)
		left["a declaration"] = append(left["a declaration"], w.state(i).Declaration...)
	}
	var canaries [][]byte
	for _, name := range []string{"S0-000", "P0-000", "S1-024", "P1-024", "people.vcf", "samples.tsv"} {
		raw := []byte(name)
		canaries = append(canaries, raw, []byte(hex.EncodeToString(raw)), []byte(base64.RawStdEncoding.EncodeToString(raw[:6])))
	}
	for what, b := range left {
		if len(b) == 0 {
			t.Errorf("%s is empty: this test looks at nothing", what)
		}
		for _, canary := range canaries {
			if bytes.Contains(b, canary) {
				t.Errorf("%s holds %q", what, canary)
			}
		}
	}
}
