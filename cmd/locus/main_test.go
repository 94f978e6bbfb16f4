package main

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/locus-genomics/locus/protocol"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"locus": main,
	})
}

// TestStories runs what people type, a story a file.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("LOCUS_HOME", e.WorkDir+"/home")
			table, err := filepath.Abs(filepath.Join("..", "..", "researcher", "testdata", "table.locus"))
			if err != nil {
				return err
			}
			e.Setenv("TABLE", table)
			audited, err := filepath.Abs(filepath.Join("..", "..", "audit", "verify", "testdata", "golden"))
			if err != nil {
				return err
			}
			e.Setenv("AUDITED", audited)
			e.Setenv("ERASED", filepath.Join(filepath.Dir(audited), "erasure"))
			e.Setenv("TOKEN", studyToken("first"))
			e.Setenv("TOKEN2", studyToken("second"))
			e.Setenv("SITETOKEN", protocol.Token{Kind: protocol.SiteToken, Endpoints: nowhere(), Site: "bern", Secret: []byte("secret")}.String())
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// exits CODE COMMAND... runs a command that must end with a code.
			"exits": exits,
			// mode PERM FILE...
			"mode": mode,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// nowhere is a coordinator that does not answer: nothing listens on port 1.
func nowhere() []protocol.Endpoint {
	return []protocol.Endpoint{{Name: "c1", URL: "https://127.0.0.1:1"}}
}

func studyToken(roster string) string {
	return protocol.Token{Kind: protocol.StudyToken, Endpoints: nowhere(), Study: "demo", Roster: protocol.Hash(roster)}.String()
}
