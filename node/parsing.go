package node

import (
	"context"
	"log/slog"
	"sync"

	"github.com/locus-genomics/locus/node/worker"
)

// parsing starts a child for each reading of files of genotypes. Nil stands for this
// process.
type parsing struct {
	program worker.Program
	log     *slog.Logger
	told    sync.Once
}

func newParsing(c Config) *parsing {
	if c.Parser.Path == "" {
		return nil
	}
	return &parsing{program: c.Parser, log: c.Log}
}

// start starts one. What children go without on this machine is logged once.
func (p *parsing) start(ctx context.Context, s worker.Source, places *worker.Places) (*worker.Reader, error) {
	r, err := worker.Start(ctx, worker.Config{Program: p.program}, s, places)
	if err != nil {
		return nil, err
	}
	p.told.Do(func() {
		for _, l := range r.Lost() {
			p.log.Warn("the process that parses genotypes is less confined than it should be", "because", l)
		}
	})
	return r, nil
}
