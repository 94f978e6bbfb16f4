package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/locus-genomics/locus/node/egress"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// errPanel is returned when a panel's bytes are not the ones that its roster names.
var errPanel = errors.New("node: not the panel that was asked for")

// maxPanel bounds a panel's file in bytes: some 400 million variants.
const maxPanel = 1 << 30

// panels keeps the lists of variants of the site's studies. They are public: each
// proves itself by its digest, also when it is read back.
type panels struct{ dir string }

func (p panels) path(d protocol.Digest) string { return filepath.Join(p.dir, d.String()) }

// kept reads a panel that was fetched before; fs.ErrNotExist when none was.
func (p panels) kept(ref protocol.PanelRef) (*panel.Panel, error) {
	f, err := os.Open(p.path(ref.Digest))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parsePanel(f, ref)
}

// get reads a panel, and fetches it from the coordinator when it is not here or
// damaged.
func (p panels) get(ctx context.Context, ref protocol.PanelRef, c *egress.Coordinator) (*panel.Panel, error) {
	if got, err := p.kept(ref); err == nil {
		return got, nil
	}
	body, err := c.Panel(ctx, ref.Digest)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	err = createDurably(p.dir, func(w io.Writer) (string, error) {
		n, err := io.Copy(w, io.LimitReader(body, maxPanel+1))
		if err == nil && n > maxPanel {
			err = fmt.Errorf("%w: more than %d bytes", errPanel, maxPanel)
		}
		return ref.Digest.String(), err
	})
	if err != nil {
		return nil, fmt.Errorf("keep panel %s: %w", ref.Digest.Short(), err)
	}
	got, err := p.kept(ref)
	if err != nil {
		return nil, errors.Join(err, removeIfThere(p.path(ref.Digest)))
	}
	return got, nil
}

func parsePanel(r io.Reader, ref protocol.PanelRef) (*panel.Panel, error) {
	p, err := panel.Parse(io.LimitReader(r, maxPanel))
	if err != nil {
		return nil, fmt.Errorf("read panel %s: %w", ref.Digest.Short(), err)
	}
	if p.Digest() != [32]byte(ref.Digest) || uint64(p.Len()) != ref.Size {
		return nil, fmt.Errorf("%w: %s", errPanel, ref.Digest.Short())
	}
	return p, nil
}
