package main

import (
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/researcher"
)

func TestAListDoesNotMoveTheCursor(t *testing.T) {
	if got, want := printed("pub\x1b[2Klished\r\u202e"), "pub[2Klished"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestExplainSaysOfWhichDayAReportIs(t *testing.T) {
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	view := researcher.View{Reports: []protocol.Signed[protocol.SiteReport]{{Message: protocol.SiteReport{Day: day}}, {}}}
	for _, tt := range []struct {
		site int
		fit  researcher.Fit
		want string
	}{
		{0, researcher.Fits, "the budget it reports has room for this, as of 2026-11-24"},
		{0, researcher.Beyond, "the budget it reports has no room for this, as of 2026-11-24"},
		{1, researcher.Unsaid, "it does not report its budget"},
	} {
		if got := reported(view, tt.site, tt.fit); got != tt.want {
			t.Errorf("site %d: %q, want %q", tt.site, got, tt.want)
		}
	}
}
