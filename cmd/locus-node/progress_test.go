package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/node"
)

func TestABarFillsUpAndGoesAway(t *testing.T) {
	var out bytes.Buffer
	b := &bar{to: &out}
	b.begin(node.Estimate{Source: 1 << 30, Store: 5 << 20, Free: 1 << 40, Time: time.Minute})
	for i := range int64(200) {
		b.tell(node.Progress{Read: i << 20, Total: 100 << 20, Stored: i << 18})
	}
	b.end()
	if text := out.String(); !strings.Contains(text, "5 MB") || !strings.HasSuffix(strings.TrimRight(text, "\x1b[0123456789AJK\r"), "\n") {
		t.Errorf("%q", text)
	}
	(&bar{to: &out}).end() // nothing was read
}

func TestProgressIsALineAPercent(t *testing.T) {
	var out bytes.Buffer
	a := &app{err: &out}
	begin, tell, end, err := a.progress(progressJSON)
	if err != nil {
		t.Fatal(err)
	}
	begin(node.Estimate{Store: 3, Free: 4, Time: 2 * time.Second})
	for i := range int64(1000) {
		tell(node.Progress{Read: i, Total: 1000, Stored: 2 * i})
	}
	end()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 101 || lines[0] != `{"free":4,"seconds":2,"store":3}` || lines[100] != `{"read":990,"stored":1980,"total":1000}` {
		t.Errorf("%d lines, %s to %s", len(lines), lines[0], lines[len(lines)-1])
	}
	for _, how := range []string{progressAuto, progressNone} {
		if begin, tell, end, err := a.progress(how); begin != nil || tell != nil || end == nil || err != nil {
			t.Errorf("%s without a terminal: something is shown, %v", how, err)
		}
	}
	if _, _, _, err := a.progress("yes"); err == nil {
		t.Error("an unknown way is taken")
	}
}
