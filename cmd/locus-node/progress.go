package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/node"
)

// The ways in which progress is shown.
const (
	progressAuto = "auto" // a bar on a terminal, nothing elsewhere
	progressJSON = "json"
	progressNone = "none"
)

func progressFlag(c *cobra.Command, how *string) {
	c.Flags().StringVar(how, "progress", progressAuto, "auto for a bar on a terminal, json for a line of JSON a percent, or none")
}

// progress shows on standard error how far files have been read. The caller MUST call end.
func (a *app) progress(how string) (begin func(node.Estimate), tell func(node.Progress), end func(), err error) {
	nothing := func() {}
	switch {
	case how == progressJSON:
		begin, tell = linesOfJSON(a.err)
		return begin, tell, nothing, nil
	case how == progressAuto && terminal(a.err):
		b := &bar{to: a.err}
		return b.begin, b.tell, b.end, nil
	case how == progressAuto, how == progressNone:
		return nil, nil, nothing, nil
	}
	return nil, nil, nil, cli.Misusedf("%q is not a way to show progress; auto, json and none are", how)
}

// linesOfJSON writes a line for the estimate, and one for each percent.
func linesOfJSON(to io.Writer) (func(node.Estimate), func(node.Progress)) {
	lines, last := json.NewEncoder(to), int64(-1)
	return func(e node.Estimate) {
			_ = lines.Encode(map[string]any{"store": e.Store, "free": e.Free, "seconds": int64(e.Time.Seconds())}) // nobody has to look
		}, func(p node.Progress) {
			if percent := p.Percent(); percent != last {
				last = percent
				_ = lines.Encode(map[string]int64{"read": p.Read, "total": p.Total, "stored": p.Stored})
			}
		}
}

// bar is a line of a terminal that fills up.
type bar struct {
	to     io.Writer
	all    *mpb.Progress
	line   *mpb.Bar
	stored atomic.Int64
}

func (b *bar) begin(e node.Estimate) { fmt.Fprintln(b.to, e) }

func (b *bar) tell(p node.Progress) {
	if b.all == nil {
		b.all = mpb.New(mpb.WithOutput(b.to), mpb.WithWidth(48), mpb.WithAutoRefresh())
		b.line = b.all.AddBar(p.Total,
			mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name("reading "), decor.Percentage(decor.WC{W: 5})),
			mpb.AppendDecorators(
				decor.Any(func(decor.Statistics) string { return fmt.Sprintf("%d MB stored, ", b.stored.Load()>>20) }),
				decor.AverageETA(decor.ET_STYLE_GO), decor.Name(" left")),
		)
	}
	b.stored.Store(p.Stored)
	b.line.SetCurrent(min(p.Read, p.Total-1)) // it is done when its command is
}

// end takes the line away.
func (b *bar) end() {
	if b.all == nil {
		return
	}
	b.line.Abort(true)
	b.all.Wait()
}
