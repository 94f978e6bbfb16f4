package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// errPanelAssembly is returned when a proposal and a built panel speak of two assemblies.
var errPanelAssembly = errors.New("the panel was built for another assembly than the proposal says")

// encodePanel makes a panel of a list of variants, or takes one that was built, and says
// what a roster says of it.
func encodePanel(p panelFile, file io.Reader) ([]byte, protocol.PanelRef, error) {
	made, err := readPanel(p, file)
	if err != nil {
		return nil, protocol.PanelRef{}, fmt.Errorf("panel %q: %s: %w", p.Name, p.File, err)
	}
	var raw bytes.Buffer
	if _, err := made.WriteTo(&raw); err != nil {
		return nil, protocol.PanelRef{}, fmt.Errorf("panel %q: %w", p.Name, err)
	}
	return raw.Bytes(), protocol.PanelRef{Name: p.Name, Assembly: made.Assembly(), Digest: made.Digest(), Size: uint64(made.Len())}, nil
}

func readPanel(p panelFile, file io.Reader) (*panel.Panel, error) {
	r := bufio.NewReader(file)
	if head, err := r.Peek(8); err != nil || !panel.IsPanel(head) {
		variants, err := panel.ReadVariants(r)
		if err != nil {
			return nil, err
		}
		return panel.New(p.Assembly, variants)
	}
	built, err := panel.Parse(r)
	switch {
	case err != nil:
		return nil, err
	case p.Assembly != "" && p.Assembly != built.Assembly():
		return nil, fmt.Errorf("%w: %s and %s", errPanelAssembly, built.Assembly(), p.Assembly)
	}
	return built, nil
}
