package rest

import (
	"time"

	"github.com/locus-genomics/locus/protocol"
)

// The states of a table.
const (
	TablePending   = "pending"   // custodians have still to say yes or no
	TablePublished = "published" // all have said yes
	TableRefused   = "refused"   // one has said no
	TableWithdrawn = "withdrawn" // one has said no after it was published
)

// Table is an answer that its researcher wants everybody of the study to read.
type Table struct {
	APIVersion string `json:"apiVersion"`
	// ID is the digest of the signed publication, Task the question it answers.
	ID    protocol.Digest `json:"id"`
	Task  protocol.Digest `json:"task"`
	Study string          `json:"study"`
	// State is pending, published, refused or withdrawn.
	State  string `json:"state"`
	Title  string `json:"title,omitempty"`
	Cohort string `json:"cohort"`
	Mode   string `json:"mode"`
	Rows   uint64 `json:"rows"`
	// Roster is the one that it was asked under.
	Roster protocol.Digest `json:"roster"`
	// Approved are so many of the sites whose custodians decide.
	Approved int `json:"approved"`
	Sites    int `json:"sites"`
	// Submitted is when it was handed in; Published when it was released first, and Changed
	// when the state last did.
	Submitted time.Time  `json:"submitted"`
	Published *time.Time `json:"published,omitempty"`
	Changed   time.Time  `json:"changed"`
	// Record has every signature that the table rests on. A list leaves it out, and so it
	// does Rosters.
	Record []byte `json:"record,omitempty"`
	// Rosters lead from Roster to the one before the roster in force, where it is an
	// earlier one.
	Rosters [][]byte `json:"rosters,omitempty"`
}

// Tables is a list of them, newest first.
type Tables struct {
	APIVersion string  `json:"apiVersion"`
	Tables     []Table `json:"tables"`
}
