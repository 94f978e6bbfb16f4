package coordinator_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

const tablesPath = "/v1/studies/demo/tables"

// table is what alice publishes of a task.
type table struct {
	says protocol.Publication
	rows []byte
}

func (s *study) table(id protocol.Digest) table {
	s.t.Helper()
	var b bytes.Buffer
	var rows []protocol.TableRow
	for i := range s.panel.Len() {
		rows = append(rows, protocol.TableRow{Variant: protocol.Variant(s.panel.At(i)), AC: uint64(i), AN: 100})
	}
	if err := protocol.WriteTable(&b, protocol.Exact, slices.Values(rows)); err != nil {
		s.t.Fatal(err)
	}
	result, _ := s.result(id)
	return table{rows: b.Bytes(), says: protocol.Publication{
		Study: "demo", Roster: s.roster.Digest(), Query: id, Attempt: result.Task.Message.Attempt, Set: result.Cut.Message.Set(),
		Mode: protocol.Exact, Title: "Three variants", Cohort: "all", Panel: s.panel.Digest(), Rows: uint64(s.panel.Len()),
		Content: sha256.Sum256(b.Bytes()), Size: uint64(b.Len()), Issued: time.Now(),
	}}
}

func (s *study) signed(tb table, key *protocol.SigningKey) protocol.Signed[protocol.Publication] {
	s.t.Helper()
	return must[protocol.Signed[protocol.Publication]](s.t)(protocol.Sign(tb.says, key))
}

// publish hands a table in.
func (s *study) publish(c *rest.Client, tb table) (t rest.Table, err error) {
	s.t.Helper()
	raw, err := c.Bytes(s.t.Context(), http.MethodPost, tablesPath, protocol.Upload{Publication: s.signed(tb, s.alice).Bytes(), Table: tb.rows}.Bytes())
	if err == nil {
		err = json.Unmarshal(raw, &t)
	}
	return t, err
}

// judge hands a verdict in, as the custodian of site i.
func (s *study) judge(i int, id protocol.Digest, approve bool, at time.Time) (t rest.Table, err error) {
	s.t.Helper()
	v := must[protocol.Signed[protocol.Verdict]](s.t)(protocol.Sign(protocol.Verdict{
		Study: "demo", Publication: id, Point: uint32(i + 1), Approve: approve, Issued: at,
	}, s.sites[i].custodian))
	c := rest.NewClient(s.home.Endpoints(), s.sites[i].custodian)
	defer c.Close()
	raw, err := c.Bytes(s.t.Context(), http.MethodPost, tablesPath+"/"+id.String()+"/verdicts", v.Bytes())
	if err == nil {
		err = json.Unmarshal(raw, &t)
	}
	return t, err
}

// content fetches the rows.
func (s *study) content(c *rest.Client, id protocol.Digest) ([]byte, error) {
	body, err := c.Stream(s.t.Context(), tablesPath+"/"+id.String()+"/content")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

func TestATableIsReadByEverybodyOnceAllHaveApproved(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	bob := rest.NewClient(s.home.Endpoints(), newKey(t, "bob"))
	defer bob.Close()
	id := s.submit(s.query("published", time.Hour))
	if last := s.end(id); last.State != "done" {
		t.Fatalf("ended as %+v", last)
	}
	tb := s.table(id)
	waits := must[rest.Table](t)(s.publish(s.asks, tb))
	if again := must[rest.Table](t)(s.publish(s.asks, tb)); again.ID != waits.ID || again.Changed != waits.Changed {
		t.Error("handed in again it is another table")
	}
	now := time.Now()
	for i, want := range []string{rest.TablePending, rest.TablePending, rest.TablePublished} {
		if _, err := s.content(bob, waits.ID); status(err) != http.StatusNotFound {
			t.Errorf("after %d approvals bob gets %v", i, err)
		}
		if got := must[rest.Table](t)(s.judge(i, waits.ID, true, now)); got.State != want || got.Approved != i+1 || got.Sites != siteCount {
			t.Errorf("after %d approvals: %+v, want %s", i+1, got, want)
		}
	}
	// What was released is on the disk.
	s.stop()
	s.start()
	if rows, err := s.content(bob, waits.ID); err != nil || !bytes.Equal(rows, tb.rows) {
		t.Errorf("bob gets %q, %v", rows, err)
	}
	var shown rest.Table
	s.get(bob, tablesPath+"/"+waits.ID.String(), &shown)
	record := must[*protocol.TableRecord](t)(s.roster.Message.ParseTableRecord(shown.Record, s.roster.Digest()))
	if waiting, against := record.Standing(); len(waiting)+len(against) > 0 || record.Publication.Message.Content != sha256.Sum256(tb.rows) {
		t.Errorf("the record waits for %v, against it are %v", waiting, against)
	}
	if got := must[rest.Table](t)(s.judge(1, waits.ID, false, now.Add(time.Minute))); got.State != rest.TableWithdrawn {
		t.Errorf("after a withdrawal: %+v", got)
	}
	if _, err := s.content(bob, waits.ID); status(err) != http.StatusNotFound {
		t.Errorf("of a withdrawn table bob gets %v", err)
	}
	var list rest.Tables
	if s.get(s.operator, tablesPath, &list); len(list.Tables) != 1 || list.Tables[0].Record != nil {
		t.Errorf("the operator lists %+v", list.Tables)
	}
}

// dies stops the member at a step, starts it again, and waits for what was under way: its
// client asks until somebody answers.
func (s *study) dies(step string, do func() error) error {
	s.t.Helper()
	hit, dying := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.onStep(func(at string) {
		if at == step {
			once.Do(func() { close(hit) })
			<-dying
		}
	})
	done := make(chan error, 1)
	go func() { done <- do() }()
	<-hit
	s.member.stop()
	close(dying)
	s.stop()
	s.onStep(func(string) {})
	s.start()
	return <-done
}

func TestAMemberMayBeStoppedWhileATableIsHandedInAndJudged(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	now := time.Now()
	for _, when := range []string{"before", "after"} {
		id := s.submit(s.query(when, time.Hour))
		s.end(id)
		tb := s.table(id)
		if err := s.dies(when+" publish", func() error { _, err := s.publish(s.asks, tb); return err }); err != nil {
			t.Fatal(err)
		}
		table := s.signed(tb, s.alice).Digest()
		for i := range siteCount {
			if err := s.dies(when+" judge", func() error { _, err := s.judge(i, table, true, now); return err }); err != nil {
				t.Fatal(err)
			}
		}
		var list rest.Tables
		if s.get(s.asks, tablesPath, &list); list.Tables[0].ID != table || list.Tables[0].State != rest.TablePublished {
			t.Errorf("stopped %s each step, there is %+v", when, list.Tables)
		}
		if rows, err := s.content(s.asks, table); err != nil || !bytes.Equal(rows, tb.rows) {
			t.Errorf("stopped %s each step, the rows are %q, %v", when, rows, err)
		}
	}
}

func status(err error) int {
	var p *rest.Problem
	if errors.As(err, &p) {
		return p.Status
	}
	return 0
}

func TestTablesThatAreNotTaken(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	bob := rest.NewClient(s.home.Endpoints(), newKey(t, "bob"))
	defer bob.Close()
	id := s.submit(s.query("published", time.Hour))
	s.end(id)
	good := s.table(id)
	for _, tt := range []struct {
		name   string
		change func(*table)
		by     *rest.Client
		status int
	}{
		{"by another researcher of the study", func(*table) {}, bob, http.StatusNotFound},
		{"of a task that is not known", func(tb *table) { tb.says.Query = protocol.Hash("x") }, s.asks, http.StatusNotFound},
		{"with one cell altered", func(tb *table) { tb.rows[len(tb.rows)-2] ^= 1 }, s.asks, http.StatusUnprocessableEntity},
		{"with a row that was cut off", func(tb *table) { tb.rows = tb.rows[:len(tb.rows)-1] }, s.asks, http.StatusUnprocessableEntity},
		{"that is signed for and does not read", func(tb *table) {
			tb.rows = append(tb.rows, "names of people\n"...)
			tb.says.Content, tb.says.Size = sha256.Sum256(tb.rows), uint64(len(tb.rows))
		}, s.asks, http.StatusUnprocessableEntity},
		{"with fewer rows than were asked for", func(tb *table) {
			tb.rows = tb.rows[:bytes.LastIndexByte(tb.rows[:len(tb.rows)-1], '\n')+1]
			tb.says.Content, tb.says.Size = sha256.Sum256(tb.rows), uint64(len(tb.rows))
		}, s.asks, http.StatusUnprocessableEntity},
		{"in another mode", func(tb *table) { tb.says.Mode = protocol.Private }, s.asks, http.StatusUnprocessableEntity},
		{"of another set of sites", func(tb *table) { tb.says.Set = protocol.Hash("x") }, s.asks, http.StatusUnprocessableEntity},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tb := good
			tb.rows = bytes.Clone(good.rows)
			tt.change(&tb)
			if _, err := s.publish(tt.by, tb); status(err) != tt.status {
				t.Errorf("got %v, want status %d", err, tt.status)
			}
		})
	}
	waits := must[rest.Table](t)(s.publish(s.asks, good))
	other := good
	other.says.Title = "Another title"
	if _, err := s.publish(s.asks, other); status(err) != http.StatusConflict {
		t.Errorf("a second table of one answer: got %v", err)
	}
	forged := must[protocol.Signed[protocol.Verdict]](t)(protocol.Sign(protocol.Verdict{
		Study: "demo", Publication: waits.ID, Point: 1, Approve: true, Issued: time.Now(),
	}, s.sites[1].custodian))
	c := rest.NewClient(s.home.Endpoints(), s.sites[1].custodian)
	defer c.Close()
	if _, err := c.Bytes(t.Context(), http.MethodPost, tablesPath+"/"+waits.ID.String()+"/verdicts", forged.Bytes()); status(err) != http.StatusUnprocessableEntity {
		t.Errorf("a verdict in another site's name: got %v", err)
	}
}

func TestWhatASiteSaysOfItsBudgetIsShownUntilItEndsIt(t *testing.T) {
	t.Parallel()
	s := newStudy(t)
	say := func(report []byte) {
		s.sites[0].mu.Lock()
		s.sites[0].report = report
		s.sites[0].mu.Unlock()
		s.stop() // the next leader greets at once
		s.start()
	}
	shown := func() [][]byte {
		var st rest.Study
		s.get(s.asks, "/v1/studies/demo", &st)
		return st.Reports
	}
	report := func(by *protocol.SigningKey, day time.Time) []byte {
		return must[protocol.Signed[protocol.SiteReport]](t)(protocol.Sign(protocol.SiteReport{
			Study: "demo", Roster: s.roster.Digest(), Point: 1, Day: protocol.DayOf(day), Cohorts: []protocol.ReportedCohort{{Name: "all", Left: 3}},
		}, by)).Bytes()
	}
	if got := shown(); len(got) != 0 {
		t.Fatalf("%d reports are shown before anything was said", len(got))
	}
	for _, day := range []time.Time{time.Now(), time.Now().AddDate(0, 0, 1)} {
		r := report(s.sites[0].key, day)
		say(r)
		s.await("the report is shown", func() bool { got := shown(); return len(got) == 1 && bytes.Equal(got[0], r) })
	}
	say(nil)
	s.await("no report is shown", func() bool { return len(shown()) == 0 })
}
