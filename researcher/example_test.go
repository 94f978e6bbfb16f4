package researcher_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/researcher"
)

// phrase is a seed that everybody knows. Never use it.
const phrase = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon " +
	"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art"

// A home is made once. Its 24 words give it again when the disk is gone.
func ExampleInit() {
	dir, err := os.MkdirTemp("", "home")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	who := researcher.Identity{Name: "Alice", Organisation: "Elsewhere University"}
	home, err := researcher.Init(filepath.Join(dir, "first"), who)
	if err != nil {
		fmt.Println(err)
		return
	}
	words, err := home.Words()
	if err != nil {
		fmt.Println(err)
		return
	}
	again, err := researcher.Restore(filepath.Join(dir, "second"), who, words)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(strings.Fields(words)), "words; the same key:", home.Key().Public().ID() == again.Key().Public().ID())
	_, err = researcher.Init(filepath.Join(dir, "first"), who)
	fmt.Println("made twice:", errors.Is(err, researcher.ErrExists))
	// Output:
	// 24 words; the same key: true
	// made twice: true
}

// A study is pinned by a token, and its words are compared with a custodian.
func ExampleHome_Join() {
	dir, err := os.MkdirTemp("", "home")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	home, err := researcher.Restore(dir, researcher.Identity{Name: "Alice", Organisation: "Elsewhere University"}, phrase)
	if err != nil {
		fmt.Println(err)
		return
	}
	// What the operator hands over, on another way than the network.
	token := protocol.Token{
		Kind: protocol.StudyToken, Study: "demo", Roster: protocol.Hash("roster"),
		Endpoints: []protocol.Endpoint{{Name: "c1", URL: "https://coordinator.example:8443"}},
	}.String()
	pinned, err := home.Join(token, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(pinned.Study)
	fmt.Println(protocol.Words(pinned.Roster))
	// Output:
	// demo
	// crumble invest require midnight idle
}
