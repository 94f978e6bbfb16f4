//go:build js && wasm

// Command wasm opens bundles in a browser. It gives the page one function,
//
//	locusOpen(bundle Uint8Array, words string, progress function(string))
//	    -> {tsv Uint8Array, facts [[name, value], …], rows number} or {error string, kind string}
//
// and nothing of the network: the packages that know it are not part of it. What is
// returned is what `locus result open` writes of the same task, byte for byte.
package main

import (
	"bytes"
	"errors"
	"syscall/js"

	"github.com/locus-genomics/locus/internal/table"
	"github.com/locus-genomics/locus/researcher/answer"
)

func main() {
	js.Global().Set("locusOpen", js.FuncOf(func(_ js.Value, args []js.Value) any {
		out, err := open(args)
		if err != nil {
			return map[string]any{"error": err.Error(), "kind": kind(err)}
		}
		return out
	}))
	select {}
}

// errCall is returned when the page calls with something else than it should.
var errCall = errors.New("want a bundle's bytes, 24 words and a function")

func open(args []js.Value) (map[string]any, error) {
	if len(args) != 3 || !args[0].InstanceOf(js.Global().Get("Uint8Array")) || args[1].Type() != js.TypeString || args[2].Type() != js.TypeFunction {
		return nil, errCall
	}
	progress := args[2]
	progress.Invoke("Reading the bundle")
	raw := make([]byte, args[0].Length())
	js.CopyBytesToGo(raw, args[0])
	bundle, err := answer.Parse(raw)
	if err != nil {
		return nil, err
	}
	seed, err := answer.SeedOf(args[1].String())
	if err != nil {
		return nil, err
	}
	progress.Invoke("Verifying every signature and opening the sum")
	a, err := bundle.Open(seed)
	if err != nil {
		return nil, err
	}
	progress.Invoke("Writing the table")
	var rows bytes.Buffer
	write := func() error { return table.TSV(&rows, a.Table()) }
	if a.Noise != nil {
		write = func() error { return table.EstimateTSV(&rows, a.EstimateTable()) }
	}
	if err := write(); err != nil {
		return nil, err
	}
	tsv := js.Global().Get("Uint8Array").New(rows.Len())
	js.CopyBytesToJS(tsv, rows.Bytes())
	var facts []any
	for _, f := range a.Provenance() {
		facts = append(facts, []any{f.Name, f.Value})
	}
	return map[string]any{"tsv": tsv, "facts": facts, "rows": len(a.Rows), "private": a.Noise != nil}, nil
}

// kind is the error in one word, for the page to say what to do about it.
func kind(err error) string {
	switch {
	case errors.Is(err, answer.ErrWords):
		return "words"
	case errors.Is(err, answer.ErrNotMine):
		return "key"
	case errors.Is(err, answer.ErrAltered):
		return "altered"
	case errors.Is(err, answer.ErrBundle):
		return "bundle"
	}
	return "other"
}
