package rest

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/locus-genomics/locus/protocol"
)

// APIVersion stands in every JSON answer; a breaking change has another.
const APIVersion = "locus/v1"

// Problem is an error as RFC 9457 has it, with a stable code and the way to mend it.
type Problem struct {
	Type   string `json:"type,omitempty"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Code is stable: LOC-<AREA>-<WHAT>.
	Code string `json:"code,omitempty"`
	// Fix says how to go on, and Unchanged what was not done.
	Fix       string `json:"fix,omitempty"`
	Unchanged string `json:"unchanged,omitempty"`
	// Leader is the URL of the member to ask instead, with CodeNotLeader.
	Leader string `json:"leader,omitempty"`
}

// Codes that a client acts on.
const (
	CodeNotLeader = "LOC-CLUSTER-NOT-LEADER"
	CodeNoLeader  = "LOC-CLUSTER-NO-LEADER"
	CodeNotFound  = "LOC-NOT-FOUND"
	CodeDenied    = "LOC-AUTH-DENIED"
	CodeNotDone   = "LOC-TASK-NOT-DONE"
	CodeSiteAway  = "LOC-SITE-AWAY"
)

// Error is the problem on one line. It goes to a terminal and comes from elsewhere:
// what is not printable is left out.
func (p *Problem) Error() string {
	s := p.Title
	if p.Detail != "" {
		s += ": " + p.Detail
	}
	if p.Code != "" {
		s += " (" + p.Code + ")"
	}
	if p.Fix != "" {
		s += "; " + p.Fix
	}
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, s)
}

// Invitation asks for a token with which one site may join.
type Invitation struct {
	Name         string `json:"name"`
	Organisation string `json:"organisation,omitempty"`
}

// InvitationToken answers it.
type InvitationToken struct {
	APIVersion string `json:"apiVersion"`
	Token      string `json:"token"`
}

// Site is what a coordinator knows of a site.
type Site struct {
	Name  string `json:"name"`
	State string `json:"state"` // invited, pending, approved
	// Words are compared by both sides before approval.
	Words string `json:"words,omitempty"`
	// Card is the join request, as sent.
	Card []byte `json:"card,omitempty"`
	// Connected tells whether its node has a connection now.
	Connected bool `json:"connected"`
}

// Sites is a list of them.
type Sites struct {
	APIVersion string `json:"apiVersion"`
	Sites      []Site `json:"sites"`
}

// Approval approves a pending site whose words were compared.
type Approval struct {
	Words string `json:"words"`
}

// Study is what a coordinator knows of a study.
type Study struct {
	APIVersion string `json:"apiVersion"`
	Name       string `json:"name"`
	State      string `json:"state"` // proposed, open
	// Roster is the envelope as signed so far; Digest names its content.
	Roster []byte          `json:"roster"`
	Digest protocol.Digest `json:"digest"`
	// Unsigned names the sites whose custodian has not signed.
	Unsigned []string `json:"unsigned,omitempty"`
	// Declarations are the sites' signed declarations in roster order, empty where
	// there is none yet.
	Declarations [][]byte `json:"declarations,omitempty"`
	// Reports are what sites have signed of their budgets, in roster order; most say
	// nothing.
	Reports [][]byte `json:"reports,omitempty"`
	// Ready names the sites whose node is connected and ready to contribute.
	Ready []string `json:"ready,omitempty"`
	// StudyToken is what a researcher joins with, once the study is open.
	Token string `json:"token,omitempty"`
}

// Panel describes a stored panel.
type Panel struct {
	Digest   protocol.Digest `json:"digest"`
	Name     string          `json:"name,omitempty"`
	Assembly string          `json:"assembly"`
	Size     uint64          `json:"size"`
}

// Submitted acknowledges a query after it is committed.
type Submitted struct {
	APIVersion string          `json:"apiVersion"`
	Task       protocol.Digest `json:"task"`
}

// TaskSite is a site's part in a task.
type TaskSite struct {
	Point uint32 `json:"point"`
	Name  string `json:"name"`
	// Step is waiting, working, approval (people have to decide), contributed, received, voted, opened or refused.
	Step   string `json:"step"`
	Reason string `json:"reason,omitempty"`
}

// Task is where a query stands.
type Task struct {
	APIVersion string          `json:"apiVersion"`
	ID         protocol.Digest `json:"id"`
	Study      string          `json:"study"`
	Analysis   string          `json:"analysis"`
	Mode       string          `json:"mode"`
	Size       uint64          `json:"size"`
	// State is submitted, contributing, receiving, opening, done, failed or expired.
	State   string     `json:"state"`
	Reason  string     `json:"reason,omitempty"`
	Attempt uint32     `json:"attempt,omitempty"`
	Sites   []TaskSite `json:"sites,omitempty"`
	// Issued and Expires are as signed; Changed is when the state last did.
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
	Changed time.Time `json:"changed"`
}

// Final tells whether the task will not change any more.
func (t Task) Final() bool { return t.State == "done" || t.State == "failed" || t.State == "expired" }

// String is the task on one line, as a progress line shows it.
func (t Task) String() string {
	counts := make(map[string]int)
	for _, s := range t.Sites {
		counts[s.Step]++
	}
	line := fmt.Sprintf("%s  attempt %d", t.State, t.Attempt)
	for _, step := range []string{"waiting", "working", "approval", "contributed", "received", "voted", "opened", "refused"} {
		if counts[step] > 0 {
			line += fmt.Sprintf("  %d %s", counts[step], step)
		}
	}
	return line
}

// Tasks is a list of them, newest first.
type Tasks struct {
	APIVersion string `json:"apiVersion"`
	Tasks      []Task `json:"tasks"`
}

// Member is one member of the cluster.
type Member struct {
	Name    string `json:"name"`
	Leader  bool   `json:"leader"`
	Self    bool   `json:"self"`
	URL     string `json:"url"`
	Reached bool   `json:"reached"`
}

// Cluster is how the coordinator is.
type Cluster struct {
	APIVersion string   `json:"apiVersion"`
	Version    string   `json:"version"`
	Members    []Member `json:"members"`
	Applied    uint64   `json:"applied"`
}
