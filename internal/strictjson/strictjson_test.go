package strictjson_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/strictjson"
)

type document struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	In    struct {
		List []int `json:"list"`
	} `json:"in"`
}

func TestDecode(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       bool
	}{
		{"all of it", `{"name":"a","count":2,"in":{"list":[1,2]}}`, true},
		{"a part of it", `{"count":2}`, true},
		{"blanks around it", " {\"count\":2}\n", true},
		{"an unknown key", `{"counts":2}`, false},
		{"an unknown key inside", `{"in":{"lists":[]}}`, false},
		{"a key twice", `{"count":2,"count":3}`, false},
		{"a key twice in another case", `{"count":2,"Count":3}`, false},
		{"a key beyond ASCII", "{\"li\u017ft\":2}", false},
		{"a key twice inside", `{"in":{"list":[],"list":[1]}}`, false},
		{"a second document", `{"count":2}{"count":3}`, false},
		{"a bracket behind it", `{"count":2}]`, false},
		{"half of it", `{"count":2`, false},
		{"nothing", ``, false},
		{"another type", `{"count":"2"}`, false},
		{"a fraction", `{"count":2.5}`, false},
		{"no UTF-8", "{\"name\":\"\xff\"}", false},
		{"too deep", strings.Repeat("[", 20) + strings.Repeat("]", 20), false},
		{"too long", `{"name":"` + strings.Repeat("a", 200) + `"}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := strictjson.Decode([]byte(tt.text), 100, new(document))
			if (err == nil) != tt.want || err != nil && !errors.Is(err, strictjson.ErrDocument) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWhatIsNotNamedStays(t *testing.T) {
	got := document{Name: "before", Count: 1}
	if err := strictjson.Decode([]byte(`{"count":2}`), 100, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(document{Name: "before", Count: 2}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"name":"a","count":2,"in":{"list":[1,2]}}`))
	f.Add([]byte(`{"count":2,"COUNT":3}`))
	f.Add([]byte(strings.Repeat(`{"in":`, 50)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var v document
		if err := strictjson.Decode(raw, 1<<10, &v); err != nil && !errors.Is(err, strictjson.ErrDocument) {
			t.Errorf("got %v", err)
		}
	})
}
