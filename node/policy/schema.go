package policy

import (
	_ "embed"
	"sync"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"
)

// Schema is the text that every policy is checked against.
//
//go:embed schema.cedarschema
var Schema string

// The names of the schema.
const (
	organisationType = "Organisation"
	verdictType      = "Verdict"
	researcherType   = "Researcher"
	cohortType       = "Cohort"
	actionType       = "Action"
)

// checker knows the schema.
type checker struct {
	schema    *resolved.Schema
	validator *validate.Validator
}

// theChecker reads the schema once. It is part of this program, so that a fault in it is one
// of this program.
var theChecker = sync.OnceValue(func() *checker {
	var text schema.Schema
	text.SetFilename("schema.cedarschema")
	if err := text.UnmarshalCedar([]byte(Schema)); err != nil {
		panic("policy: " + err.Error())
	}
	s, err := text.Resolve()
	if err != nil {
		panic("policy: " + err.Error())
	}
	return &checker{schema: s, validator: validate.New(s)}
})

func uid(kind cedar.EntityType, id string) cedar.EntityUID {
	return cedar.NewEntityUID(kind, cedar.String(id))
}
