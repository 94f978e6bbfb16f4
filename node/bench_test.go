package node_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/node/passport/issuer"
	"github.com/locus-genomics/locus/protocol/wire"
)

// BenchmarkTable measures what a question passes at a site before a genotype is read: the
// signatures of member and researcher, the sealed body, a passport with a visa, the data's
// terms, a policy of 100 rules, and the privacy budget.
func BenchmarkTable(b *testing.B) {
	b.Run("admission/go", func(b *testing.B) {
		w := newPrivateNetwork(b, 3)
		broker := must[*issuer.Issuer](b)(issuer.New("https://broker.example", "k", "ES256"))
		w.govern(trusting(b, faculty+hundred(), broker))
		if err := w.sites[0].node.SetTerms(b.Context(), cohortName, []string{"DUO:0000042"}); err != nil {
			b.Fatal(err)
		}
		now := w.clock.Now()
		a := w.ask(privately, func(a *asking) {
			a.header.Use.Purpose = "health"
			a.body.Passport = []byte(w.passport(broker, now, now.Add(time.Hour)))
		})
		offer, from := w.offer(a, 0), wire.PeerID(w.endpoint.Peer)
		var took []time.Duration
		for b.Loop() {
			began := time.Now()
			if err := w.sites[0].node.Admit(b.Context(), from, studyName, offer); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		b.ReportMetric(took[len(took)/2].Seconds()*1000, "ms/question")
		b.ReportMetric(took[len(took)*95/100].Seconds()*1000, "ms-p95/question")
	})
}

// hundred are rules with which the one that permits is among a hundred.
func hundred() string {
	var b strings.Builder
	for i := range 99 {
		b.WriteString(strings.NewReplacer("N", string(rune('a'+i/10))+string(rune('0'+i%10))).Replace(
			`@id("rule-N") forbid(principal, action, resource) when { principal.country == "XX-N" || resource.sizeClass < 1 && context.variants > 9000000 };` + "\n"))
	}
	return b.String()
}
