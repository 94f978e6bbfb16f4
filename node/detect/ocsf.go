package detect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/locus-genomics/locus/internal/strictjson"
	"github.com/locus-genomics/locus/protocol"
)

// ErrFinding is returned for what is no finding as OCSF writes them here.
var ErrFinding = errors.New("detect: not a finding")

// MaxFindingSize bounds a finding as OCSF.
const MaxFindingSize = 4 << 10

// OCSFVersion is the version of the schema that findings are written in.
const OCSFVersion = "1.8.0"

// Numbers of the schema.
const (
	ocsfFindings         = 2
	ocsfDetectionFinding = 2004
	ocsfCreate           = 1
	ocsfNew              = 1
	ocsfRule             = 1
)

// ocsfOf is how an action is said in OCSF: severity_id, action_id, disposition_id.
var ocsfOf = map[Action]struct{ severity, action, disposition int }{
	Note:     {1, 3, 17}, // informational, observed, logged
	Warn:     {3, 3, 19}, // medium, observed, alert
	Throttle: {4, 2, 14}, // high, denied, delayed
	Freeze:   {5, 2, 24}, // critical, denied, access revoked
}

// Reporter is which program of which site reports.
type Reporter struct {
	// Site is the id of the site's signing key, Version the program's.
	Site    protocol.KeyID
	Version string
}

var plainVersion = regexp.MustCompile(`^[0-9A-Za-z.+-]{1,64}$`)

// The shapes of OCSF, as far as a finding has them. Of a question there are digests, and numbers.
type (
	ocsf struct {
		ActivityID    int            `json:"activity_id"`
		CategoryUID   int            `json:"category_uid"`
		ClassUID      int            `json:"class_uid"`
		TypeUID       int            `json:"type_uid"`
		Time          int64          `json:"time"`
		SeverityID    int            `json:"severity_id"`
		StatusID      int            `json:"status_id"`
		ActionID      int            `json:"action_id"`
		DispositionID int            `json:"disposition_id"`
		IsAlert       bool           `json:"is_alert"`
		Metadata      ocsfMetadata   `json:"metadata"`
		FindingInfo   ocsfInfo       `json:"finding_info"`
		Evidences     []ocsfEvidence `json:"evidences"`
	}
	ocsfMetadata struct {
		Version  string      `json:"version"`
		Profiles []string    `json:"profiles"`
		Product  ocsfProduct `json:"product"`
	}
	ocsfProduct struct {
		Name       string         `json:"name"`
		VendorName string         `json:"vendor_name"`
		Version    string         `json:"version"`
		UID        protocol.KeyID `json:"uid"`
	}
	ocsfInfo struct {
		UID      protocol.Digest `json:"uid"`
		Title    string          `json:"title"`
		Analytic ocsfAnalytic    `json:"analytic"`
	}
	ocsfAnalytic struct {
		TypeID int    `json:"type_id"`
		Name   string `json:"name"`
		UID    string `json:"uid"`
	}
	ocsfEvidence struct {
		User *ocsfUser `json:"user,omitempty"`
		Data ocsfData  `json:"data"`
	}
	ocsfUser struct {
		UID protocol.KeyID `json:"uid"`
	}
	ocsfData struct {
		SubjectKind   SubjectKind     `json:"subject_kind"`
		Subject       protocol.Digest `json:"subject"`
		Study         protocol.Digest `json:"study,omitzero"`
		Query         protocol.Digest `json:"query,omitzero"`
		Cohort        protocol.Digest `json:"cohort,omitzero"`
		Panel         protocol.Digest `json:"panel,omitzero"`
		Mode          protocol.Mode   `json:"mode,omitempty"`
		Outcome       protocol.Code   `json:"outcome,omitempty"`
		Count         int             `json:"count"`
		Threshold     int             `json:"threshold"`
		WindowSeconds int64           `json:"window_seconds"`
		UntilMillis   int64           `json:"until,omitempty"`
		Honeypot      int             `json:"honeypot,omitempty"`
	}
)

// OCSF is the finding as an OCSF Detection Finding: one line of JSON, without its end. It has
// codes, key ids, digests and numbers, and the rule's own title.
func (f *Finding) OCSF(by Reporter) ([]byte, error) {
	if !plainVersion.MatchString(by.Version) {
		return nil, fmt.Errorf("%w: reported by version %q", ErrFinding, by.Version)
	}
	words, known := ruleWords[f.Rule]
	says, acts := ocsfOf[f.Action]
	if !known || !acts {
		return nil, fmt.Errorf("%w: %s, %s", ErrFinding, f.Rule, f.Action)
	}
	evidence := ocsfEvidence{Data: ocsfData{
		SubjectKind: f.Subject.Of, Subject: f.Subject.ID, Study: f.Study, Query: f.Query, Cohort: f.Cohort, Panel: f.Panel,
		Mode: f.Mode, Outcome: f.Outcome, Count: f.Count, Threshold: f.Threshold, WindowSeconds: int64(f.Window / time.Second),
		Honeypot: f.Pot,
	}}
	if f.Subject.Of == OfResearcher {
		evidence.User = &ocsfUser{f.Subject.ID}
	}
	if !f.Until.IsZero() {
		evidence.Data.UntilMillis = f.Until.UnixMilli()
	}
	return json.Marshal(ocsf{
		ActivityID: ocsfCreate, CategoryUID: ocsfFindings, ClassUID: ocsfDetectionFinding, TypeUID: 100*ocsfDetectionFinding + ocsfCreate,
		Time: f.At.UnixMilli(), SeverityID: says.severity, StatusID: ocsfNew, ActionID: says.action, DispositionID: says.disposition,
		IsAlert:  f.Action > Note,
		Metadata: ocsfMetadata{OCSFVersion, []string{"security_control"}, ocsfProduct{"Locus", "Locus", by.Version, by.Site}},
		FindingInfo: ocsfInfo{UID: f.ID, Title: words.title,
			Analytic: ocsfAnalytic{ocsfRule, words.name, fmt.Sprintf("locus/detect/%s/1", words.name)}},
		Evidences: []ocsfEvidence{evidence},
	})
}

// ParseFinding reads what OCSF writes, and nothing else: what stands in it beside the fields
// of a Finding is as OCSF writes it, so that no text can be in it.
func ParseFinding(raw []byte) (Finding, Reporter, error) {
	var o ocsf
	if err := strictjson.Decode(raw, MaxFindingSize, &o); err != nil {
		return Finding{}, Reporter{}, fmt.Errorf("%w: %w", ErrFinding, err)
	}
	rule, err := parseRule(o.FindingInfo.Analytic.Name)
	if err != nil || len(o.Evidences) != 1 {
		return Finding{}, Reporter{}, fmt.Errorf("%w: of no rule, or with no evidence", ErrFinding)
	}
	by := Reporter{o.Metadata.Product.UID, o.Metadata.Product.Version}
	data := &o.Evidences[0].Data
	f := Finding{
		ID: o.FindingInfo.UID, Rule: rule, Action: actionOf(o.DispositionID), At: time.UnixMilli(o.Time).UTC(),
		Subject: Subject{data.SubjectKind, data.Subject}, Study: data.Study, Query: data.Query, Cohort: data.Cohort, Panel: data.Panel,
		Mode: data.Mode, Outcome: data.Outcome, Count: data.Count, Threshold: data.Threshold, Pot: data.Honeypot,
	}
	if data.WindowSeconds < 0 || data.WindowSeconds > int64(maxWindow.Seconds()) {
		return Finding{}, Reporter{}, fmt.Errorf("%w: a window of %d s", ErrFinding, data.WindowSeconds)
	}
	f.Window = time.Duration(data.WindowSeconds) * time.Second
	if data.UntilMillis != 0 {
		f.Until = time.UnixMilli(data.UntilMillis).UTC()
	}
	again, err := f.OCSF(by)
	if err != nil || !bytes.Equal(again, raw) {
		return Finding{}, Reporter{}, errors.Join(fmt.Errorf("%w: not as it would be written here", ErrFinding), err)
	}
	return f, by, nil
}

func actionOf(disposition int) Action {
	for _, a := range []Action{Note, Warn, Throttle, Freeze} {
		if ocsfOf[a].disposition == disposition {
			return a
		}
	}
	return 0
}

// Lines writes findings one a line.
func Lines(findings []Finding, by Reporter) ([]byte, error) {
	var all []byte
	for i := range findings {
		line, err := findings[i].OCSF(by)
		if err != nil {
			return nil, err
		}
		all = append(slices.Grow(all, len(line)+1), line...)
		all = append(all, '\n')
	}
	return all, nil
}
