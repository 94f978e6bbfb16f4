package main

import (
	"bytes"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// encodePanel makes a panel of a list of variants, and what a roster says of it.
func encodePanel(p panelFile, list io.Reader) ([]byte, protocol.PanelRef, error) {
	variants, err := panel.ReadVariants(list)
	if err != nil {
		return nil, protocol.PanelRef{}, fmt.Errorf("panel %q: %s: %w", p.Name, p.File, err)
	}
	made, err := panel.New(p.Assembly, variants)
	if err != nil {
		return nil, protocol.PanelRef{}, fmt.Errorf("panel %q: %s: %w", p.Name, p.File, err)
	}
	var file bytes.Buffer
	if _, err := made.WriteTo(&file); err != nil {
		return nil, protocol.PanelRef{}, fmt.Errorf("panel %q: %w", p.Name, err)
	}
	return file.Bytes(), protocol.PanelRef{Name: p.Name, Assembly: p.Assembly, Digest: made.Digest(), Size: uint64(made.Len())}, nil
}
