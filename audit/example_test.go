package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/protocol"
)

// A site records a vote, has another site cosign it, and hands out the receipt, which
// somebody else verifies without asking either.
func Example() {
	dir, err := os.MkdirTemp("", "audit")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	alice, err := protocol.NewSigningKey(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		log.Fatal(err)
	}
	bern, err := protocol.NewSigningKey(bytes.Repeat([]byte{2}, 32))
	if err != nil {
		log.Fatal(err)
	}

	// At the other site.
	memory, err := audit.OpenMemory(dir + "/memory")
	if err != nil {
		log.Fatal(err)
	}
	defer memory.Close()
	witness := &audit.Witness{Name: "locus/witness/bern", Key: bern, Memory: memory, Log: func(origin string) (protocol.PublicKey, bool) {
		return alice.Public(), origin == "locus/node/alice"
	}}

	// At this one.
	l, err := audit.Open(context.Background(), audit.Config{
		Dir: dir + "/log", Origin: "locus/node/alice", Key: alice, Quorum: 1,
		Witnesses: []audit.Remote{{Name: witness.Name, Key: bern.Public(), Call: witness.AddCheckpoint, Known: witness.Known}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	_, receipt, err := l.AppendWitnessed(context.Background(), audit.Entry{Kind: audit.KindVote, Subject: protocol.Hash("a cut")})
	if err != nil {
		log.Fatal(err)
	}

	// With whoever was given the receipt.
	policy, err := verify.ParsePolicy(fmt.Appendf(nil, "log %s\nwitness bern %s\nquorum 1\n",
		audit.VerifierKey("locus/node/alice", alice.Public()), audit.VerifierKey("locus/witness/bern", bern.Public())))
	if err != nil {
		log.Fatal(err)
	}
	entry, index, checkpoint, err := verify.Receipt(receipt, policy)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("entry %d of %s is a %s, cosigned by %d\n", index, checkpoint.Origin, entry.Kind, len(checkpoint.Witnesses))
	// Output: entry 0 of locus/node/alice is a vote, cosigned by 1
}
