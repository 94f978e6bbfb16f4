package evidence

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/protocol"
)

// Report is what a bundle has shown.
type Report struct {
	Manifest Manifest
	Log      verify.Report
	// Decisions is how many there are; each is in the log.
	Decisions int
	// Documents are all of them, verified.
	Documents map[string][]byte
}

// Verify reads a bundle and verifies all of it, with nothing but the keys of the policy.
func Verify(r io.ReaderAt, size int64, p *verify.Policy, o verify.Options) (Report, error) {
	documents, log, err := read(r, size)
	if err != nil {
		return Report{}, err
	}
	manifest := documents[ManifestName]
	delete(documents, ManifestName)
	report := Report{Documents: documents}
	if report.Manifest, err = parseManifest(manifest, documents); err != nil {
		return Report{}, err
	}
	said := &entries{decided: make(map[protocol.Digest]verify.Entry), subject: Subject(manifest), from: report.Manifest.From, to: report.Manifest.To}
	o.Each = said.take
	if report.Log, err = verify.Log(log, p, o); err != nil {
		return report, fmt.Errorf("the audit log: %w", err)
	}
	if report.Log.Newest.Origin != report.Manifest.Origin {
		return report, fmt.Errorf("%w: the bundle is of the log %q, and holds %q", ErrAltered, report.Manifest.Origin, report.Log.Newest.Origin)
	}
	if !said.named {
		return report, fmt.Errorf("%w: no entry of the audit log names %s as it is here: a document was changed, added or left out since the site made it", ErrAltered, ManifestName)
	}
	report.Decisions, err = said.compare(documents[DecisionsName])
	return report, err
}

// read takes a bundle apart: its documents, and its log.
func read(r io.ReaderAt, size int64) (documents map[string][]byte, log fs.FS, err error) {
	in, err := zip.NewReader(r, size)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if len(in.File) > maxFiles {
		return nil, nil, fmt.Errorf("%w: %d files", ErrFormat, len(in.File))
	}
	documents, seen := make(map[string][]byte), make(map[string]bool)
	for _, f := range in.File {
		most := uint64(maxDocument)
		inLog := strings.HasPrefix(f.Name, logPrefix)
		if inLog {
			most = maxLogFile
		}
		if !fs.ValidPath(f.Name) || !f.Mode().IsRegular() || f.Method != zip.Store || f.UncompressedSize64 > most || seen[f.Name] {
			return nil, nil, fmt.Errorf("%w: %.80q is no plain file of one, is too large, or is there twice", ErrFormat, f.Name)
		}
		if seen[f.Name] = true; inLog {
			continue
		}
		if len(documents) > maxDocuments {
			return nil, nil, fmt.Errorf("%w: more than %d documents", ErrFormat, maxDocuments)
		}
		if documents[f.Name], err = fs.ReadFile(in, f.Name); err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
	}
	if len(documents[ManifestName]) == 0 || len(documents[ManifestName]) > maxManifest || !seen[logPrefix+"checkpoint"] {
		return nil, nil, fmt.Errorf("%w: it has no %s, or no log", ErrFormat, ManifestName)
	}
	log, err = fs.Sub(in, strings.TrimSuffix(logPrefix, "/"))
	return documents, log, err
}

func parseManifest(raw []byte, documents map[string][]byte) (m Manifest, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("%w: %s: %w", ErrFormat, ManifestName, err)
	}
	if m.APIVersion != Version || len(m.Documents) != len(documents) {
		return m, fmt.Errorf("%w: %s is of version %q and names %d documents of %d", ErrAltered, ManifestName, m.APIVersion, len(m.Documents), len(documents))
	}
	for _, doc := range m.Documents {
		here, ok := documents[doc.Name]
		if !ok || protocol.Digest(sha256.Sum256(here)) != doc.SHA256 {
			return m, fmt.Errorf("%w: %q is not the document that %s names", ErrAltered, doc.Name, ManifestName)
		}
	}
	return m, nil
}

// entries are those of a log that a bundle is compared with.
type entries struct {
	subject  protocol.Digest
	from, to time.Time
	// named tells that an entry names the manifest.
	named bool
	// decided are the last decisions on each question.
	decided map[protocol.Digest]verify.Entry
}

func (e *entries) take(_ uint64, got verify.Entry) {
	switch got.Kind {
	case "evidence":
		e.named = e.named || protocol.Digest(got.Subject) == e.subject
	case "decision":
		if !e.named { // those after it are of another bundle
			e.decided[got.Subject] = got
		}
	}
}

// number is a field of an entry, 0 where it is not there.
func number(e verify.Entry, field string) uint64 {
	var b [8]byte
	raw := e.Fields[field]
	copy(b[8-len(raw):], raw)
	return binary.BigEndian.Uint64(b[:])
}

// compare holds the decisions of a bundle against the log's.
func (e *entries) compare(lines []byte) (n int, err error) {
	seen := make(map[protocol.Digest]bool)
	for line := range bytes.Lines(lines) {
		var d Decision
		if err := json.Unmarshal(line, &d); err != nil {
			return n, fmt.Errorf("%w: %s, line %d: %w", ErrFormat, DecisionsName, n+1, err)
		}
		in, ok := e.decided[d.Query]
		switch {
		case !ok || seen[d.Query]:
			return n, fmt.Errorf("%w: %s, line %d: the audit log has no such decision, or it is there twice", ErrAltered, DecisionsName, n+1)
		case number(in, "code") != uint64(d.Code) || number(in, "epoch") != d.Epoch:
			return n, fmt.Errorf("%w: %s, line %d: code %d under policy epoch %d, and the audit log has %d under %d",
				ErrAltered, DecisionsName, n+1, d.Code, d.Epoch, number(in, "code"), number(in, "epoch"))
		}
		seen[d.Query] = true
		n++
	}
	for query, in := range e.decided {
		if at := in.Time.Truncate(time.Second); !seen[query] && !at.Before(e.from) && at.Before(e.to) {
			return n, fmt.Errorf("%w: the audit log has a decision of %s that %s leaves out", ErrAltered, in.Time.Format(time.RFC3339), DecisionsName)
		}
	}
	return n, nil
}
