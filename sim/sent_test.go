package sim_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// heard is what each site has sent.
type heard struct {
	mu   sync.Mutex
	sent map[int][][]byte
}

func (h *heard) tell(site int, what []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent[site] = append(h.sent[site], bytes.Clone(what))
}

// everythingWasHeard requires that what the site's own log says has left was listened to.
func everythingWasHeard(t *testing.T, dir string, sent [][]byte) {
	t.Helper()
	have := make(map[protocol.Digest]bool)
	for _, b := range sent {
		have[sha256.Sum256(b)] = true
	}
	log, err := os.Open(filepath.Join(dir, "egress.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	kinds := make(map[string]int)
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var l struct {
			Call, Peer string
			Digest     protocol.Digest
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(l.Peer, "https://") {
			continue // of the HTTP API, which carries nothing of an answer
		}
		if kinds[l.Call]++; !have[l.Digest] {
			t.Errorf("nobody has heard a %s of the log", l.Call)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	for _, call := range []string{"offer", "bulk", "deliver", "cut", "open"} {
		if kinds[call] == 0 {
			t.Errorf("no %s is in the log: %v", call, kinds)
		}
	}
}

// counted is AC and AN of each variant of the panel in a site's file.
func counted(t *testing.T, c node.CohortSpec, list *panel.Panel) (numbers []int64) {
	t.Helper()
	spec := node.CountSpec{Path: c.Path, Samples: c.Samples, Panel: list}
	_, err := node.Count(t.Context(), spec, func(_ []string, counts []tally.SiteCounts) error {
		numbers = append(numbers, counts[0].AC[0], counts[0].AN)
		return nil
	})
	if err != nil || len(numbers) != 2*list.Len() {
		t.Fatalf("%d numbers, %v", len(numbers), err)
	}
	return numbers
}

// nothingIsIn looks for the first counts, and what is made of them, in what was sent.
func nothingIsIn(t *testing.T, sent [][]byte, numbers []int64) {
	t.Helper()
	var centred []int64 // 2 AC - AN of each variant
	for i := 0; i < len(numbers); i += 2 {
		centred = append(centred, 2*numbers[i]-numbers[i+1])
	}
	for what, list := range map[string][]int64{"AC and AN": numbers[:8], "2 AC - AN": centred[:8]} {
		for form, b := range encoded(list) {
			has := func(m []byte) bool { return bytes.Contains(m, b) }
			if slices.ContainsFunc(sent, has) {
				t.Errorf("%s have left as %s", what, form)
			}
			if planted := slices.Concat(sent[0], b, sent[1]); !has(planted) {
				t.Errorf("%s as %s are not found where they are", what, form)
			}
		}
	}
}

// encoded are forms that numbers might leave in.
func encoded(numbers []int64) map[string][]byte {
	raw := make(map[string][]byte)
	for _, n := range numbers {
		big, little := binary.BigEndian.AppendUint64(nil, uint64(n)), binary.LittleEndian.AppendUint64(nil, uint64(n))
		for _, width := range []int{2, 3, 4, 6, 8} {
			first, last := fmt.Sprint(width, " bytes, big end first"), fmt.Sprint(width, " bytes, little end first")
			raw[first] = append(raw[first], big[8-width:]...)
			raw[last] = append(raw[last], little[:width]...)
		}
		raw["varints"] = binary.AppendVarint(raw["varints"], n)
		raw["text"] = fmt.Appendf(raw["text"], "%d\t", n)
	}
	all := make(map[string][]byte)
	for form, b := range raw {
		all[form] = b
		all[form+", in hex"] = []byte(hex.EncodeToString(b))
		all[form+", in base64"] = []byte(base64.RawStdEncoding.EncodeToString(b[:len(b)/3*3]))
	}
	return all
}
