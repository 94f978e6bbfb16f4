package detect

import (
	"errors"
	"fmt"
	"time"

	"github.com/locus-genomics/locus/internal/strictjson"
	"github.com/locus-genomics/locus/protocol"
)

// ErrConfig is returned for a configuration that cannot be used.
var ErrConfig = errors.New("detect: bad configuration")

// ConfigVersion is what a configuration says first.
const ConfigVersion = "locus/v1"

// Bounds of a configuration.
const (
	// MaxConfigSize bounds the file: MaxHoneypots and a few numbers.
	MaxConfigSize = 256 << 10
	// MaxHoneypots is how many variants nobody has a reason to ask for.
	MaxHoneypots = 1000

	minWindow = time.Minute
	// maxWindow is for how long anything is remembered.
	maxWindow = 90 * 24 * time.Hour
	// maxNarrow bounds what is called a narrow question.
	maxNarrow = 1000
)

// Config is what a site finds odd, and what it does then. Each rule counts in a sliding
// window of its own.
type Config struct {
	BurstOfResearcher Reaction `json:"burstResearcher"`
	BurstInStudy      Reaction `json:"burstStudy"`
	SameRanges        Alike    `json:"sameRanges"`
	SameCohort        Alike    `json:"sameCohort"`
	ChangedPeople     Alike    `json:"changedPeople"`
	Walk              Walking  `json:"walk"`
	Singletons        Tiny     `json:"singletons"`
	FailedSignatures  Reaction `json:"failedSignatures"`
	Honeypot          Pots     `json:"honeypot"`
}

// Reaction is how many in which time are odd, and what is done.
type Reaction struct {
	Action Action `json:"action"`
	// Count is the number from which it is odd; in Honeypot it is not asked for.
	Count int `json:"count"`
	// Window is how far back is counted, and how long the same is not told again.
	Window Duration `json:"window"`
	// Throttle is for how long questions are refused where Action is Throttle.
	Throttle Duration `json:"throttle"`
}

// Alike is Reaction for questions that are nearly the same.
type Alike struct {
	Reaction
	// Overlap is how many percent of the variants of both are in each of them.
	Overlap int `json:"overlap"`
}

// Walking is Reaction for walks.
type Walking struct {
	Reaction
	// Gap is how many variants of the panel may lie between two steps, if the step itself is
	// not longer.
	Gap int `json:"gap"`
}

// Tiny is Reaction for questions of few variants.
type Tiny struct {
	Reaction
	// Variants is how many are few.
	Variants int `json:"variants"`
}

// Pots is Reaction for variants that nobody has a reason to ask for.
type Pots struct {
	Reaction
	// Narrow is the most variants of a range that hits one of them. A wider range hits by chance.
	Narrow int `json:"narrow"`
	// Variants are the list. A custodian keeps it secret.
	Variants []Pot `json:"variants"`
}

// Pot is a variant: an index of a panel, or a position on a contig.
type Pot struct {
	Panel    protocol.Digest `json:"panel,omitzero"`
	Index    *uint64         `json:"index,omitempty"`
	Contig   string          `json:"contig,omitempty"`
	Position uint32          `json:"position,omitempty"`
}

// Duration is a length of time that is written as "15m" or "24h".
type Duration time.Duration

// MarshalText writes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

const day = Duration(24 * time.Hour)

// Default is what a site finds odd that has said nothing.
func Default() Config {
	reaction := func(a Action, count int, window Duration) Reaction {
		return Reaction{Action: a, Count: count, Window: window, Throttle: Duration(15 * time.Minute)}
	}
	return Config{
		BurstOfResearcher: reaction(Throttle, 60, Duration(time.Hour)),
		BurstInStudy:      reaction(Warn, 300, Duration(time.Hour)),
		SameRanges:        Alike{reaction(Warn, 6, day), 60},
		SameCohort:        Alike{reaction(Warn, 10, day), 60},
		ChangedPeople:     Alike{reaction(Warn, 4, 30*day), 60},
		Walk:              Walking{reaction(Warn, 12, 7*day), 10},
		Singletons:        Tiny{reaction(Warn, 30, day), 3},
		FailedSignatures:  reaction(Warn, 10, Duration(time.Hour)),
		Honeypot:          Pots{Reaction: reaction(Freeze, 1, day), Narrow: 3},
	}
}

// ParseConfig reads a configuration. What it does not name is as in Default; a key that is
// unknown or stands twice is refused.
func ParseConfig(raw []byte) (Config, error) {
	document := struct {
		APIVersion string `json:"apiVersion"`
		Config
	}{Config: Default()}
	if err := strictjson.Decode(raw, MaxConfigSize, &document); err != nil {
		return Config{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if document.APIVersion != ConfigVersion {
		return Config{}, fmt.Errorf("%w: apiVersion is %q, want %q", ErrConfig, document.APIVersion, ConfigVersion)
	}
	return document.Config, document.Config.Check()
}

// of is the reaction of a rule, with the most that it can count.
func (c *Config) of(r Rule) (reaction *Reaction, most int) {
	switch r {
	case BurstOfResearcher:
		return &c.BurstOfResearcher, maxTimes
	case BurstInStudy:
		return &c.BurstInStudy, maxTimes
	case SameRanges:
		return &c.SameRanges.Reaction, maxKept
	case SameCohort:
		return &c.SameCohort.Reaction, maxKept
	case ChangedPeople:
		return &c.ChangedPeople.Reaction, maxKept
	case Walk:
		return &c.Walk.Reaction, maxKept
	case Singletons:
		return &c.Singletons.Reaction, maxKept
	case FailedSignatures:
		return &c.FailedSignatures, maxTimes
	}
	return &c.Honeypot.Reaction, 1
}

// Reaction is what a rule reacts to, and how.
func (c *Config) Reaction(r Rule) Reaction {
	reaction, _ := c.of(r)
	return *reaction
}

// Horizon is how far back a record of events has to go for a detector that is made of it to
// find what this one finds. Freezes are older: see Detector.Frozen.
func (c *Config) Horizon() time.Duration {
	var longest Duration
	for _, r := range Rules() {
		reaction, _ := c.of(r)
		longest = max(longest, reaction.Window, reaction.Throttle)
	}
	return time.Duration(longest)
}

// Check returns everything that is wrong with the configuration.
func (c *Config) Check() error {
	var errs []error
	within := func(r Rule, what string, got, least, most int) {
		if got < least || got > most {
			errs = append(errs, fmt.Errorf("%w: %s: %s is %d, want %d to %d", ErrConfig, r, what, got, least, most))
		}
	}
	for _, r := range Rules() {
		reaction, most := c.of(r)
		within(r, "action", int(reaction.Action), int(Note), int(Freeze))
		within(r, "count", reaction.Count, min(2, most), most)
		within(r, "window in seconds", reaction.Window.seconds(), int(minWindow.Seconds()), int(maxWindow.Seconds()))
		within(r, "throttle in seconds", reaction.Throttle.seconds(), 1, int(maxWindow.Seconds()))
	}
	within(SameRanges, "overlap", c.SameRanges.Overlap, 1, 100)
	within(SameCohort, "overlap", c.SameCohort.Overlap, 1, 100)
	within(ChangedPeople, "overlap", c.ChangedPeople.Overlap, 1, 100)
	within(Walk, "gap", c.Walk.Gap, 0, 1<<20)
	within(Singletons, "variants", c.Singletons.Variants, 1, maxNarrow)
	within(Honeypot, "narrow", c.Honeypot.Narrow, 1, maxNarrow)
	within(Honeypot, "variants listed", len(c.Honeypot.Variants), 0, MaxHoneypots)
	for i, p := range c.Honeypot.Variants {
		byIndex := !p.Panel.IsZero() && p.Index != nil && *p.Index < protocol.MaxVariants
		byPlace := p.Contig != "" && len(p.Contig) <= MaxContig && p.Position > 0
		if byIndex == byPlace || byIndex && (p.Contig != "" || p.Position > 0) || byPlace && (p.Index != nil || !p.Panel.IsZero()) {
			errs = append(errs, fmt.Errorf("%w: %s: variant %d has a panel and an index, or a contig and a position", ErrConfig, Honeypot, i+1))
		}
	}
	return errors.Join(errs...)
}

func (d Duration) seconds() int { return int(time.Duration(d).Seconds()) }
