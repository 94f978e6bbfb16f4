package evidence

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

var (
	// ErrFormat is returned for bytes that are no bundle.
	ErrFormat = errors.New("evidence: not a bundle")
	// ErrAltered is returned for a bundle that is not what the site's audit log names.
	ErrAltered = errors.New("evidence: altered")
)

// Version is what a manifest says first.
const Version = "locus/v1"

// Names in a bundle.
const (
	ManifestName  = "evidence.json"
	DecisionsName = "decisions.jsonl"
	logPrefix     = "log/"
)

// Bounds of a bundle.
const (
	maxDocument  = 64 << 20
	maxManifest  = 1 << 20
	maxDocuments = 64
	maxFiles     = 1 << 20 // of the log: two for each 256 entries
	maxLogFile   = 4 << 20 // a checkpoint with all its witnesses is the longest
)

// Manifest names all documents of a bundle.
type Manifest struct {
	APIVersion string `json:"apiVersion"`
	// Site and Organisation are those who show it; Origin is the name of their audit log.
	Site         string `json:"site"`
	Organisation string `json:"organisation"`
	Origin       string `json:"origin"`
	// From and To are the time that it is about, to the second.
	From      time.Time  `json:"from"`
	To        time.Time  `json:"to"`
	Documents []Document `json:"documents"`
}

// Document is one of them.
type Document struct {
	Name   string          `json:"name"`
	SHA256 protocol.Digest `json:"sha256"`
}

// Decision is what was decided of a question, as a line of DecisionsName begins: the rest is
// for people.
type Decision struct {
	Query protocol.Digest `json:"query"`
	At    time.Time       `json:"at"`
	Epoch uint64          `json:"policyEpoch"`
	Code  uint16          `json:"code"`
}

// Subject is what the entry of the audit log names.
func Subject(manifest []byte) protocol.Digest {
	return protocol.Hash("locus/link/evidence/v1", manifest)
}

// Describe makes a manifest of documents by their names.
func Describe(m Manifest, documents map[string][]byte) ([]byte, error) {
	m.APIVersion, m.From, m.To = Version, m.From.UTC().Truncate(time.Second), m.To.UTC().Truncate(time.Second)
	m.Documents = nil
	for _, name := range names(documents) {
		m.Documents = append(m.Documents, Document{name, sha256.Sum256(documents[name])})
	}
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write a manifest: %w", err)
	}
	return append(raw, '\n'), nil
}

func names[V any](m map[string]V) (list []string) {
	for name := range m {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// Write writes a bundle. The log is read as it is, its checkpoint first, so that it may be
// written to meanwhile; what begins with a dot is left out.
func Write(w io.Writer, manifest []byte, documents map[string][]byte, log fs.FS) error {
	out := zip.NewWriter(w)
	put := func(name string, raw []byte) error {
		f, err := out.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = f.Write(raw)
		}
		if err != nil {
			return fmt.Errorf("write evidence: %w", err)
		}
		return nil
	}
	if err := put(ManifestName, manifest); err != nil {
		return err
	}
	for _, name := range names(documents) {
		if err := put(name, documents[name]); err != nil {
			return err
		}
	}
	files, err := logFiles(log)
	if err != nil {
		return err
	}
	heads := make(map[string][]byte) // before what they cover
	for _, name := range []string{"checkpoint", "cosigned"} {
		if slices.Contains(files, name) {
			if heads[name], err = fs.ReadFile(log, name); err != nil {
				return fmt.Errorf("read the log: %w", err)
			}
		}
	}
	for _, name := range files {
		raw, ok := heads[name]
		if !ok {
			raw, err = fs.ReadFile(log, name)
			if errors.Is(err, fs.ErrNotExist) {
				continue // a part whose whole is there by now
			}
			if err != nil {
				return fmt.Errorf("read the log: %w", err)
			}
		}
		if err := put(logPrefix+name, raw); err != nil {
			return err
		}
	}
	return out.Close()
}

// logFiles are those of a log, by name.
func logFiles(log fs.FS) (list []string, err error) {
	err = fs.WalkDir(log, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir():
			list = append(list, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	slices.Sort(list)
	return list, nil
}
