package state

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/locus-genomics/locus/coordinator/state/statepb"
	"github.com/locus-genomics/locus/protocol"
)

// maxCommand bounds a command. The log's own bound is lower or equal.
const maxCommand = 1 << 20

// Command is a change of the state, to be committed.
type Command struct {
	// Name is for logs and tests.
	Name string
	pb   *statepb.Command
}

// Bytes is the command as it is committed, at the proposer's time.
func (c Command) Bytes(now time.Time) ([]byte, error) {
	m := proto.CloneOf(c.pb)
	m.At = now.UnixMilli()
	raw, err := marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode command %s: %w", c.Name, err)
	}
	return raw, nil
}

// Admit refuses what Apply would not understand.
func Admit(command []byte) error {
	_, err := parseCommand(command)
	return err
}

func parseCommand(raw []byte) (*statepb.Command, error) {
	if len(raw) > maxCommand {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrCommand, len(raw), maxCommand)
	}
	m := new(statepb.Command)
	if err := proto.Unmarshal(raw, m); err != nil {
		return nil, fmt.Errorf("%w: it does not parse", ErrCommand)
	}
	if m.What == nil {
		return nil, fmt.Errorf("%w: it says nothing that this version knows", ErrCommand)
	}
	return m, nil
}

func marshal(m proto.Message) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// Invite lets whoever holds the seed of a key join as the site of a name.
func Invite(site string, invitation protocol.PublicKey) Command {
	return Command{"invite", &statepb.Command{What: &statepb.Command_Invite{
		Invite: &statepb.Invite{Site: site, Key: invitation.Bytes()}}}}
}

// Join takes a site's card, as sent.
func Join(request []byte) Command {
	return Command{"join", &statepb.Command{What: &statepb.Command_Join{Join: &statepb.Join{Request: request}}}}
}

// Approve lets a site with the card of a digest connect.
func Approve(site string, card protocol.Digest) Command {
	return Command{"approve", &statepb.Command{What: &statepb.Command_Approve{
		Approve: &statepb.Approve{Site: site, Card: card[:]}}}}
}

// AddPanel says that a panel is stored.
func AddPanel(p Panel) Command {
	return Command{"add panel", &statepb.Command{What: &statepb.Command_AddPanel{AddPanel: &statepb.AddPanel{Panel: panelOut(p)}}}}
}

// Propose asks the custodians of a roster for their signatures.
func Propose(roster protocol.Signed[protocol.Roster]) Command {
	return Command{"propose", &statepb.Command{What: &statepb.Command_Propose{Propose: &statepb.Propose{Roster: roster.Bytes()}}}}
}

// Endorse adds custodians' signatures to the proposed roster.
func Endorse(study string, roster []byte) Command {
	return Command{"endorse", &statepb.Command{What: &statepb.Command_Endorse{
		Endorse: &statepb.Endorse{Study: study, Roster: roster}}}}
}

// OpenStudy puts the proposed roster in force.
func OpenStudy(study string) Command {
	return Command{"open study", &statepb.Command{What: &statepb.Command_OpenStudy{OpenStudy: &statepb.OpenStudy{Study: study}}}}
}

// Declare keeps a site's newest declaration.
func Declare(study string, declaration []byte) Command {
	return Command{"declare", &statepb.Command{What: &statepb.Command_Declare{
		Declare: &statepb.Declare{Study: study, Declaration: declaration}}}}
}

// Report keeps what a site says of its budget, or forgets what it has said when there is
// no report.
func Report(study string, point uint32, report []byte) Command {
	return Command{"report", &statepb.Command{What: &statepb.Command_Report{
		Report: &statepb.Report{Study: study, Point: point, Report: report}}}}
}

// Submit takes a signed query.
func Submit(study string, query []byte) Command {
	return Command{"submit", &statepb.Command{What: &statepb.Command_Submit{
		Submit: &statepb.Submit{Study: study, Query: query}}}}
}

// Start begins the attempt that a member has signed.
func Start(task protocol.Signed[protocol.Task], contributeBy time.Time) Command {
	query := task.Message.Query
	return Command{"start", &statepb.Command{What: &statepb.Command_Start{Start: &statepb.Start{
		Query: query[:], Task: task.Bytes(), ContributeBy: contributeBy.UnixMilli()}}}}
}

// Contributed takes the signed header of a contribution.
func Contributed(query protocol.Digest, header protocol.Signed[protocol.ContributionHeader]) Command {
	return say("contributed", &statepb.Say{Query: query[:], What: &statepb.Say_Contribution{Contribution: header.Bytes()}})
}

// Received takes what a site has received.
func Received(query protocol.Digest, received protocol.Signed[protocol.Received]) Command {
	return say("received", &statepb.Say{Query: query[:], What: &statepb.Say_Received{Received: received.Bytes()}})
}

// Voted notes that a site has voted for the cut of a session. The vote itself is the
// site's to repeat.
func Voted(query protocol.Digest, session protocol.SessionID, point uint32) Command {
	return say("voted", &statepb.Say{Query: query[:], What: &statepb.Say_Vote{Vote: session[:]}, Point: point})
}

// Opened takes a site's opening, as sent.
func Opened(query protocol.Digest, opening []byte) Command {
	return say("opened", &statepb.Say{Query: query[:], What: &statepb.Say_Opening{Opening: opening}})
}

// Refused takes a site's signed no.
func Refused(query protocol.Digest, refusal protocol.Signed[protocol.Refusal]) Command {
	return say("refused", &statepb.Say{Query: query[:], What: &statepb.Say_Refusal{Refusal: refusal.Bytes()}})
}

func say(name string, m *statepb.Say) Command {
	return Command{name, &statepb.Command{What: &statepb.Command_Say{Say: m}}}
}

// SignCut keeps the cut as a member has signed it, to be shown to sites.
func SignCut(query protocol.Digest, cut protocol.Signed[protocol.Cut]) Command {
	return Command{"sign cut", &statepb.Command{What: &statepb.Command_SignCut{
		SignCut: &statepb.SignCut{Query: query[:], Cut: cut.Bytes()}}}}
}

// Pass lets an attempt see the time of this command.
func Pass(query protocol.Digest, attempt uint32) Command {
	return Command{"pass", &statepb.Command{What: &statepb.Command_Pass{Pass: &statepb.Pass{Query: query[:], Attempt: attempt}}}}
}

// SetSum says what the sum of an attempt is.
func SetSum(query protocol.Digest, attempt uint32, sum protocol.Digest, size uint64) Command {
	return Command{"set sum", &statepb.Command{What: &statepb.Command_SetSum{
		SetSum: &statepb.SetSum{Query: query[:], Attempt: attempt, Sum: sum[:], Size: size}}}}
}

// Fail ends a task whose present attempt has this number, 0 before the first.
func Fail(query protocol.Digest, attempt uint32, why Failure) Command {
	return Command{"fail", &statepb.Command{What: &statepb.Command_Fail{
		Fail: &statepb.Fail{Query: query[:], Attempt: attempt, Reason: uint32(why)}}}}
}

// Publish asks the sites of a task's answer whether its table may be released.
func Publish(publication protocol.Signed[protocol.Publication]) Command {
	query := publication.Message.Query
	return Command{"publish", &statepb.Command{What: &statepb.Command_Publish{
		Publish: &statepb.Publish{Query: query[:], Publication: publication.Bytes()}}}}
}

// Judge takes a custodian's verdict on a publication.
func Judge(publication protocol.Digest, verdict []byte) Command {
	return Command{"judge", &statepb.Command{What: &statepb.Command_Judge{
		Judge: &statepb.Judge{Publication: publication[:], Verdict: verdict}}}}
}
