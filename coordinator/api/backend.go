package api

import (
	"context"
	"errors"
	"io"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

var (
	// ErrNotFound is returned by a Backend for a name or a digest that it does not know.
	ErrNotFound = errors.New("api: not found")
	// ErrConflict is returned for what does not fit the state that things are in.
	ErrConflict = errors.New("api: conflict")
	// ErrInvalid is returned for what is not well formed or not signed as it must be.
	ErrInvalid = errors.New("api: invalid")
	// ErrNotDone is returned for the result of a task that has none yet.
	ErrNotDone = errors.New("api: not done")
	// ErrNoLeader is returned while the cluster cannot commit.
	ErrNoLeader = errors.New("api: no leader")
)

// Caller is who a key belongs to. The zero value may do nothing but join.
type Caller struct {
	Key      protocol.KeyID
	Operator bool
	// Site is set for a site's node or custodian key.
	Site string
	// Studies are those whose roster names the key as a researcher's, or as that of
	// one of its sites.
	Studies []string
}

// Backend is what the API needs of a coordinator. Methods that write return after
// the commit, with one of the errors above when they can.
type Backend interface {
	// Keys are all keys that a request may be signed with, and Caller whose one is.
	Keys() protocol.Keyring
	Caller(key protocol.KeyID) Caller
	// Leads reports whether this member leads, and else the URL of the one that does.
	Leads() (self bool, leader string)
	// Settled returns once all that an answer may be made of is in the member's audit log.
	Settled(ctx context.Context) error
	Cluster() rest.Cluster

	Invite(ctx context.Context, inv rest.Invitation) (token string, err error)
	Join(ctx context.Context, raw []byte) (rest.Site, error)
	Approve(ctx context.Context, site, words string) error
	Sites() []rest.Site

	AddPanel(ctx context.Context, raw []byte) (rest.Panel, error)
	Panel(ctx context.Context, d protocol.Digest) (io.ReadCloser, error)

	Propose(ctx context.Context, raw []byte) (rest.Study, error)
	Endorse(ctx context.Context, study string, raw []byte) (rest.Study, error)
	OpenStudy(ctx context.Context, study string) (rest.Study, error)
	Study(study string) (rest.Study, error)
	Studies() []rest.Study
	// Cosign passes a question to a site of a study, as a witness, and returns its answer.
	Cosign(ctx context.Context, study string, node protocol.KeyID, raw []byte) ([]byte, error)

	Submit(ctx context.Context, study string, raw []byte) (protocol.Digest, error)
	// Task returns a task with the researcher who asked, for the caller to be compared.
	Task(d protocol.Digest) (t rest.Task, asker protocol.KeyID, err error)
	// Tasks are those that a researcher has asked in a study; all of them for the zero key.
	Tasks(study string, asker protocol.KeyID) []rest.Task
	// Changed is closed at the next change of anything.
	Changed() <-chan struct{}
	Result(ctx context.Context, d protocol.Digest) ([]byte, error)
	Sum(ctx context.Context, d protocol.Digest) (io.ReadCloser, error)

	// Publish takes a table of a task that by has asked; Judge a verdict on one.
	Publish(ctx context.Context, study string, by protocol.KeyID, raw []byte) (rest.Table, error)
	Judge(ctx context.Context, study string, d protocol.Digest, raw []byte) (rest.Table, error)
	// Tables are those of a study, without their records.
	Tables(study string) []Table
	Table(study string, d protocol.Digest) (Table, error)
	TableContent(ctx context.Context, study string, d protocol.Digest) (io.ReadCloser, error)
}

// Table is a table with who may read it before everybody of its study may.
type Table struct {
	rest.Table
	// Publisher is whose it is, Deciders the sites whose custodians decide.
	Publisher protocol.KeyID
	Deciders  []string
}
