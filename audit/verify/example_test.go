package verify_test

import (
	"fmt"
	"log"
	"os"

	"github.com/locus-genomics/locus/audit/verify"
)

func ExampleLog() {
	text, err := os.ReadFile("testdata/golden/policy")
	if err != nil {
		log.Fatal(err)
	}
	policy, err := verify.ParsePolicy(text)
	if err != nil {
		log.Fatal(err)
	}
	report, err := verify.Log(os.DirFS("testdata/golden/log"), policy, verify.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d entries of %s, cosigned by %d\n", report.Newest.Size, report.Newest.Origin, len(report.Cosigned.Witnesses))
	// Output: 3 entries of locus/node/alice, cosigned by 2
}
