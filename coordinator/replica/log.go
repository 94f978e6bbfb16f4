package replica

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"

	"github.com/hashicorp/go-hclog"
)

// maxLogged bounds one logged value, in bytes.
const maxLogged = 1 << 10

// logger lets raft, which speaks hclog, log through slog.
type logger struct {
	to   *slog.Logger
	name string
	args []any
}

var _ hclog.Logger = (*logger)(nil)

func newLogger(to *slog.Logger) *logger {
	if to == nil {
		to = slog.New(slog.DiscardHandler)
	}
	return &logger{to: to}
}

// Log logs at any level.
func (l *logger) Log(level hclog.Level, msg string, args ...any) {
	if l.enabled(level) {
		l.to.Log(context.Background(), slogLevel(level), msg, attrs(args)...)
	}
}

// Trace logs what slog calls debug.
func (l *logger) Trace(msg string, args ...any) { l.Log(hclog.Trace, msg, args...) }

// Debug logs for developers.
func (l *logger) Debug(msg string, args ...any) { l.Log(hclog.Debug, msg, args...) }

// Info logs what happened.
func (l *logger) Info(msg string, args ...any) { l.Log(hclog.Info, msg, args...) }

// Warn logs what may be wrong.
func (l *logger) Warn(msg string, args ...any) { l.Log(hclog.Warn, msg, args...) }

// Error logs what is wrong.
func (l *logger) Error(msg string, args ...any) { l.Log(hclog.Error, msg, args...) }

// IsTrace reports whether Trace is heard.
func (l *logger) IsTrace() bool { return l.enabled(hclog.Trace) }

// IsDebug reports whether Debug is heard.
func (l *logger) IsDebug() bool { return l.enabled(hclog.Debug) }

// IsInfo reports whether Info is heard.
func (l *logger) IsInfo() bool { return l.enabled(hclog.Info) }

// IsWarn reports whether Warn is heard.
func (l *logger) IsWarn() bool { return l.enabled(hclog.Warn) }

// IsError reports whether Error is heard.
func (l *logger) IsError() bool { return l.enabled(hclog.Error) }

// ImpliedArgs are those given to With.
func (l *logger) ImpliedArgs() []any { return l.args }

// With returns a logger that adds args to every line.
func (l *logger) With(args ...any) hclog.Logger {
	return &logger{to: l.to.With(attrs(args)...), name: l.name, args: append(l.args[:len(l.args):len(l.args)], args...)}
}

// Name is the name of the part that logs.
func (l *logger) Name() string { return l.name }

// Named returns a logger for a part.
func (l *logger) Named(name string) hclog.Logger {
	if l.name != "" {
		name = l.name + "." + name
	}
	return l.ResetNamed(name)
}

// ResetNamed returns a logger for another part.
func (l *logger) ResetNamed(name string) hclog.Logger {
	return &logger{to: l.to, name: name, args: l.args}
}

// SetLevel does nothing: the slog handler decides.
func (l *logger) SetLevel(hclog.Level) {}

// GetLevel is the lowest level that is heard.
func (l *logger) GetLevel() hclog.Level {
	for _, level := range []hclog.Level{hclog.Debug, hclog.Info, hclog.Warn, hclog.Error} {
		if l.enabled(level) {
			return level
		}
	}
	return hclog.Off
}

// StandardLogger returns a logger of package log.
func (l *logger) StandardLogger(*hclog.StandardLoggerOptions) *log.Logger {
	return slog.NewLogLogger(l.to.Handler(), slog.LevelInfo)
}

// StandardWriter returns a writer that logs what is written, a line each.
func (l *logger) StandardWriter(o *hclog.StandardLoggerOptions) io.Writer {
	return l.StandardLogger(o).Writer()
}

func (l *logger) enabled(level hclog.Level) bool {
	return l.to.Enabled(context.Background(), slogLevel(level))
}

func slogLevel(level hclog.Level) slog.Level {
	switch {
	case level >= hclog.Error:
		return slog.LevelError
	case level == hclog.Warn:
		return slog.LevelWarn
	case level == hclog.Info:
		return slog.LevelInfo
	default:
		return slog.LevelDebug
	}
}

// attrs turns pairs of key and value into attributes.
func attrs(args []any) []any {
	pairs := make([]any, 0, (len(args)+1)/2)
	for ; len(args) >= 2; args = args[2:] {
		key := fmt.Sprint(args[0])
		pairs = append(pairs, slog.String(key, shown(key, args[1])))
	}
	if len(args) == 1 {
		pairs = append(pairs, slog.String("extra", shown("extra", args[0])))
	}
	return pairs
}

// shown is a value as text, without what a message between members holds: raft
// prints a whole one when it did not expect it.
func shown(key string, value any) string {
	if key == "command" {
		return "(withheld)"
	}
	var text string
	switch v := value.(type) {
	case hclog.Format:
		if len(v) == 0 {
			return ""
		}
		text = fmt.Sprintf(fmt.Sprint(v[0]), v[1:]...)
	case []byte:
		return fmt.Sprintf("(%d bytes)", len(v))
	default:
		text = fmt.Sprint(v)
	}
	if len(text) > maxLogged {
		text = text[:maxLogged] + "…"
	}
	return text
}
