package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/locus-genomics/locus/node/detect"
	"github.com/locus-genomics/locus/protocol"
)

// DetectionName is the file that says what the site finds odd, in the node's directory.
const DetectionName = "detection.json"

// ErrSubject is returned when nobody is thawed.
var ErrSubject = errors.New("node: nobody is thawed")

// DetectionConfig is what the site finds odd, and what it does then: the file in its
// directory, or detect.Default without one. A node that serves goes by the one of its start.
func (n *Node) DetectionConfig() (detect.Config, error) {
	c, err := ReadDetectionConfig(filepath.Join(n.cfg.Dir, DetectionName))
	if errors.Is(err, fs.ErrNotExist) {
		return detect.Default(), nil
	}
	return c, err
}

// ReadDetectionConfig reads and checks a file.
func ReadDetectionConfig(path string) (detect.Config, error) {
	raw, err := readBounded(path, detect.MaxConfigSize)
	if errors.Is(err, fs.ErrNotExist) {
		return detect.Config{}, err
	}
	if err != nil {
		return detect.Config{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	c, err := detect.ParseConfig(raw)
	if err != nil {
		return detect.Config{}, fmt.Errorf("%w: %s: %w", ErrConfig, path, err)
	}
	return c, nil
}

// Finding is something odd that was asked, with the names that this site has for it.
type Finding struct {
	detect.Finding
	// Who is the researcher, the study or the coordinator's member that it is about, as a
	// roster names them; empty where none does.
	Who string
	// OCSF is the finding as systems are told of it.
	OCSF []byte
}

// FrozenSubject is who waits to be thawed.
type FrozenSubject struct {
	detect.Subject
	// ExactOnly says that private questions are answered.
	ExactOnly bool
	Who       string
}

// Findings lists what was found, oldest first, as far back as it is kept.
func (n *Node) Findings(ctx context.Context) (list []Finding, err error) {
	names, err := n.subjectNames(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := n.records.db.QueryContext(ctx, "SELECT raw FROM findings ORDER BY seq")
	if err != nil {
		return nil, fmt.Errorf("read the findings: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var f Finding
		if err := rows.Scan(&f.OCSF); err != nil {
			return nil, fmt.Errorf("read the findings: %w", err)
		}
		if f.Finding, _, err = detect.ParseFinding(f.OCSF); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRecords, err)
		}
		f.StudyName = names[detect.Subject{Of: detect.OfStudy, ID: f.Study}]
		f.Who = names[f.Subject]
		list = append(list, f)
	}
	return list, rows.Err()
}

// FrozenSubjects lists who waits to be thawed. It does not tell of the whole site: see Frozen.
func (n *Node) FrozenSubjects(ctx context.Context) (list []FrozenSubject, err error) {
	names, err := n.subjectNames(ctx)
	if err != nil {
		return nil, err
	}
	standing, err := frozenBefore(ctx, n.records.db, maxSequence)
	if err != nil {
		return nil, err
	}
	for l := range standing {
		list = append(list, FrozenSubject{l.Subject, l.exact, names[l.Subject]})
	}
	slices.SortFunc(list, func(a, b FrozenSubject) int {
		return cmp.Or(cmp.Compare(a.Of, b.Of), a.ID.Compare(b.ID), compareBool(a.ExactOnly, b.ExactOnly))
	})
	return list, nil
}

func compareBool(a, b bool) int { return int(flag(a)) - int(flag(b)) }

// ThawSubject ends a freeze or a throttle of a researcher, a study or a coordinator's member,
// and forgets what it was for: the subject begins anew. id is the beginning of the subject's.
// A node that serves goes by it from the next question on.
func (n *Node) ThawSubject(ctx context.Context, id string) (detect.Subject, error) {
	known := make(map[detect.Subject]bool)
	frozen, err := n.FrozenSubjects(ctx)
	if err != nil {
		return detect.Subject{}, err
	}
	found, err := n.Findings(ctx)
	if err != nil {
		return detect.Subject{}, err
	}
	for _, s := range frozen {
		known[s.Subject] = true
	}
	for _, f := range found {
		known[f.Subject] = true
	}
	var meant []detect.Subject
	for s := range known {
		if id != "" && strings.HasPrefix(s.ID.String(), id) {
			meant = append(meant, s)
		}
	}
	if len(meant) != 1 {
		return detect.Subject{}, fmt.Errorf("%w: %d that were found odd begin with %q; locus-node finding list shows them", ErrSubject, len(meant), id)
	}
	err = n.records.update(ctx, func(tx querier) error {
		_, _, err := insertEvent(ctx, tx, &detect.Event{Kind: detect.Thawed, At: n.cfg.Now(), Subject: meant[0]})
		return err
	})
	if err != nil {
		return detect.Subject{}, err
	}
	n.cfg.Log.Info("thawed", "subject", meant[0].ID.Short())
	return meant[0], nil
}

// subjectNames are those of everybody in the site's rosters, of the studies, and of the
// coordinator's members.
func (n *Node) subjectNames(ctx context.Context) (map[detect.Subject]string, error) {
	known, err := rostersOf(ctx, n.records.db, "")
	if err != nil {
		return nil, fmt.Errorf("read rosters: %w", err)
	}
	names := make(map[detect.Subject]string)
	for _, e := range n.Coordinator() {
		names[detect.Subject{Of: detect.OfPeer, ID: detect.PeerID(e.Peer)}] = e.Name
	}
	for _, k := range known {
		p, err := n.rosterByDigest(ctx, n.records.db, k.digest)
		if err != nil {
			return nil, err
		}
		r := &p.roster.Message
		names[detect.Subject{Of: detect.OfStudy, ID: detect.StudyID(r.Study)}] = r.Study
		for _, m := range r.Members {
			names[detect.Subject{Of: detect.OfPeer, ID: detect.PeerID(m.Peer)}] = m.Name
		}
		for _, who := range r.Researchers {
			names[detect.Subject{Of: detect.OfResearcher, ID: protocol.Digest(who.Key.ID())}] = who.Name
		}
	}
	return names, nil
}
