package node

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// discreet is a log in which no error tells where a site's data are: the system's errors hold
// paths, and a folder or a file may be named after somebody. What is in the node's own
// directory keeps its path there.
type discreet struct {
	next slog.Handler
	dir  string // the node's
}

// Enabled asks the next one.
func (d discreet) Enabled(ctx context.Context, level slog.Level) bool {
	return d.next.Enabled(ctx, level)
}

// Handle passes on a line.
func (d discreet) Handle(ctx context.Context, r slog.Record) error {
	told := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		told.AddAttrs(d.attr(a))
		return true
	})
	return d.next.Handle(ctx, told)
}

// WithAttrs passes attributes on.
func (d discreet) WithAttrs(list []slog.Attr) slog.Handler {
	told := make([]slog.Attr, len(list))
	for i, a := range list {
		told[i] = d.attr(a)
	}
	return discreet{d.next.WithAttrs(told), d.dir}
}

// WithGroup opens a group.
func (d discreet) WithGroup(name string) slog.Handler {
	return discreet{d.next.WithGroup(name), d.dir}
}

func (d discreet) attr(a slog.Attr) slog.Attr {
	if err, is := a.Value.Any().(error); is {
		return slog.String(a.Key, d.text(err))
	}
	return a
}

// text is an error's without the paths that are in it.
func (d discreet) text(err error) string {
	text := err.Error()
	for _, part := range parts(err) {
		switch e := part.(type) {
		case *fs.PathError:
			if !d.inside(e.Path) {
				text = strings.ReplaceAll(text, e.Error(), e.Op+" a file of the site: "+e.Err.Error())
			}
		case *os.LinkError:
			if !d.inside(e.Old) || !d.inside(e.New) {
				text = strings.ReplaceAll(text, e.Error(), e.Op+" files of the site: "+e.Err.Error())
			}
		}
	}
	return text
}

// inside reports whether a path is in the node's directory.
func (d discreet) inside(path string) bool {
	below, err := filepath.Rel(d.dir, path)
	return err == nil && filepath.IsLocal(below)
}

// parts are an error and all that it is made of.
func parts(err error) []error {
	list := []error{err}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			list = append(list, parts(inner)...)
		}
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			list = append(list, parts(one)...)
		}
	}
	return list
}
