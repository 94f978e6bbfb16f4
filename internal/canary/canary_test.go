package canary_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"

	"github.com/locus-genomics/locus/internal/canary"
)

// noise does not change from run to run.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(sha256.Sum256([]byte("noise"))).Read(b)
	return b
}

// encoded are the forms that something leaves in, each made by who makes it in a program.
func encoded(t *testing.T, raw []byte) map[string][]byte {
	t.Helper()
	text := string(raw)
	marshalled, err := json.Marshal(map[string]any{"it": text, "bytes": raw})
	if err != nil {
		t.Fatal(err)
	}
	wide := utf16.Encode([]rune(text))
	little, big := []byte{}, []byte{}
	for _, u := range wide {
		little, big = append(little, byte(u), byte(u>>8)), append(big, byte(u>>8), byte(u))
	}
	all := map[string][]byte{
		"raw": raw, "JSON": marshalled, "little": little, "big": big,
		"lower": []byte(strings.ToLower(text)), "upper": []byte(strings.ToUpper(text)),
		"hex": []byte(hex.EncodeToString(raw)), "%X": fmt.Appendf(nil, "%X", raw), "% x": fmt.Appendf(nil, "% x", raw),
		"%v": fmt.Appendf(nil, "%v", raw), "%#v": fmt.Appendf(nil, "%#v", raw), "%q": fmt.Appendf(nil, "%q", text), "%+q": fmt.Appendf(nil, "%+q", text),
		"quoted": []byte(strconv.Quote(text)), "query": []byte(url.QueryEscape(text)), "path": []byte(url.PathEscape(text)),
	}
	for before := range 5 {
		for behind := range 3 {
			around := append(append(bytes.Repeat([]byte{0xfa}, before), raw...), bytes.Repeat([]byte{0xfb}, behind)...)
			name := fmt.Sprintf(" with %d before and %d behind", before, behind)
			all["std"+name] = []byte(base64.StdEncoding.EncodeToString(around))
			all["url"+name] = []byte(base64.RawURLEncoding.EncodeToString(around))
		}
	}
	return all
}

// packers are what a form may be under.
func packers(t *testing.T) map[string]func([]byte) []byte {
	stream := func(open func(io.Writer) io.WriteCloser) func([]byte) []byte {
		return func(b []byte) []byte {
			var to bytes.Buffer
			z := open(&to)
			if _, err := z.Write(b); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			return to.Bytes()
		}
	}
	return map[string]func([]byte) []byte{
		"nothing": func(b []byte) []byte { return b },
		"gzip":    stream(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }),
		"zlib":    stream(func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }),
		"zstd": stream(func(w io.Writer) io.WriteCloser {
			z, err := zstd.NewWriter(w)
			if err != nil {
				t.Fatal(err)
			}
			return z
		}),
	}
}

// A leak is found in every form, and under every packing, by itself and in base64 and hex.
func TestAPlantedLeakIsFoundInEveryForm(t *testing.T) {
	names := map[string][]byte{
		"an id": []byte("pk7vqx2mzwge017"), "a name": []byte("Zdeňka Quörvenik"), "a key": noise(32), "a name with marks": []byte(`O"Brien<x> & söhne`),
	}
	for what, raw := range names {
		s, err := canary.New(canary.Canary{Name: what, Bytes: raw})
		if err != nil {
			t.Fatal(err)
		}
		for form, b := range encoded(t, raw) {
			if what == "a key" && (form == "little" || form == "big" || form == "lower" || form == "upper" || form == "query" || form == "path" || strings.Contains(form, "q")) {
				continue // forms of text
			}
			for packing, pack := range packers(t) {
				packed := pack(append(append([]byte("before "), b...), " behind"...))
				for around, planted := range map[string][]byte{
					"plain":     packed,
					"base64":    []byte(base64.StdEncoding.EncodeToString(packed)),
					"of a URL":  []byte(base64.RawURLEncoding.EncodeToString(packed)),
					"in hex":    []byte(hex.EncodeToString(packed)),
					"in a JSON": fmt.Appendf(nil, `{"payload":%q}`, base64.StdEncoding.EncodeToString(packed)),
				} {
					if what != "an id" && around != "plain" {
						continue // once is enough
					}
					planted = append(append(noise(500), planted...), noise(500)...)
					if around != "plain" {
						planted = append(append([]byte("{ "), planted[500:len(planted)-500]...), " }"...)
					}
					hits := s.Find(planted)
					if len(hits) == 0 {
						t.Errorf("%s as %s under %s, %s, is not found", what, form, packing, around)
					} else if hits[0].Name != what {
						t.Errorf("found %v", hits[0])
					}
				}
			}
		}
	}
}

// What is packed in what is packed is unpacked.
func TestALeakIsFoundUnderTwoPackings(t *testing.T) {
	s, err := canary.New(canary.Canary{Name: "an id", Bytes: []byte("pk7vqx2mzwge017")})
	if err != nil {
		t.Fatal(err)
	}
	pack := packers(t)
	inner := pack["zstd"]([]byte("a line with pk7vqx2mzwge017 in it"))
	outer := pack["gzip"](append(noise(100), base64.StdEncoding.EncodeToString(inner)...))
	want := "an id, as it is, under gzip, under base64, under zstd, at byte 12"
	hits := s.Find(append(noise(1000), outer...))
	if !slices.ContainsFunc(hits, func(h canary.Hit) bool { return h.String() == want }) {
		t.Errorf("not %q but %v", want, hits)
	}
}

// Where there is no leak none is found: not in noise, and not in what is only alike.
func TestNothingIsFoundWhereNothingIs(t *testing.T) {
	s, err := canary.New(canary.Canary{Name: "an id", Bytes: []byte("pk7vqx2mzwge017")}, canary.Canary{Name: "a key", Bytes: noise(32)})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{nil, noise(1 << 20)[32:], []byte("pk7vqx2mzwge01"), bytes.Repeat([]byte{0x1f, 0x8b, 8, 0x78, 0x9c, 0x28, 0xb5, 0x2f, 0xfd}, 1000)} {
		if hits := s.Find(b); len(hits) > 0 {
			t.Errorf("found %v", hits)
		}
	}
}

func TestACanaryThatChanceWouldFindIsRefused(t *testing.T) {
	if _, err := canary.New(canary.Canary{Name: "three letters", Bytes: []byte("abc")}); !errors.Is(err, canary.ErrShort) {
		t.Errorf("got %v", err)
	}
}
