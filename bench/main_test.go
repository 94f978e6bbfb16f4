package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const printed = `goos: linux
pkg: example.org/house/he
BenchmarkTable/site/go-2         	      4	         6.0 ns/counter
BenchmarkTable/site/go-2         	      4	         8.0 ns/counter
BenchmarkTable/site/go-2         	      4	        99.0 ns/counter
BenchmarkTable/site/textbook13-2 	      7	       800 ns/op	       800 ns/counter
BenchmarkTable/site/uint32sum    	      7	         0.4 ns/counter
BenchmarkTable/threshold/go-2    	      7	         0 B/variant
BenchmarkTable/threshold/textbook13-2 	      7	        96.08 B/variant
BenchmarkOther/go-2              	      7	         1 ns/op
PASS
pkg: example.org/house/bench/dp
BenchmarkTable/gaussian/narrow/go-2 	      9	         4 ns/draw
BenchmarkTable/gaussian/narrow/google 	      9	      4000 ns/draw
PASS
`

func TestReport(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bench.jsonl")
	var out strings.Builder
	if err := report(strings.NewReader(printed), &out, file); err != nil {
		t.Fatal(err)
	}
	const table = `| measured | ours | others | times better |
|---|---|---|---|
| he/site/go | 8 ns/counter | textbook13 800, uint32sum 0.4 | textbook13 100, uint32sum 0.05 |
| he/threshold/go | 0 B/variant | textbook13 96.1 |  |
| dp/gaussian/narrow/go | 4 ns/draw | google 4000 | google 1000 |
`
	if out.String() != table {
		t.Errorf("got\n%s\nwant\n%s", &out, table)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const lines = `{"name":"he/site/go","value":8,"unit":"ns/counter","against":{"textbook13":100,"uint32sum":0.05}}
{"name":"he/threshold/go","value":0,"unit":"B/variant"}
{"name":"dp/gaussian/narrow/go","value":4,"unit":"ns/draw","against":{"google":1000}}
`
	if string(got) != lines {
		t.Errorf("got\n%s\nwant\n%s", got, lines)
	}
}

func TestReportRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                  "",
		"no table":                 "BenchmarkOther/go-2 1 1 ns/op\n",
		"a benchmark that failed":  printed + "--- FAIL: BenchmarkTable/add\n",
		"a number that is not one": "BenchmarkTable/site/go-2 4 six ns/counter\n",
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := report(strings.NewReader(text), &out, ""); err == nil {
				t.Errorf("no error, and this table:\n%s", &out)
			}
		})
	}
}
