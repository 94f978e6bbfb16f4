package node_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/locus-genomics/locus/node/passport/issuer"
	"github.com/locus-genomics/locus/protocol"
)

// BenchmarkAdmission is the time from an offer to its answer, for a question with a passport,
// under terms and a policy: signatures, visas, data use, policy, detection, and the entries and
// records that are durable before the answer leaves. Where people are asked that is all; where
// it is answered, limits, counting of twelve variants of 25 people, hiding and the records of
// the answer come on top.
func BenchmarkAdmission(b *testing.B) {
	const asks = `@id("faculty") @verdict("ask") permit(principal, action, resource) when { principal.roles.contains("faculty@elsewhere.example") };`
	for _, part := range []struct {
		name, rules string
		want        error
	}{{"asked", asks, protocol.AwaitingApproval}, {"answered", faculty, nil}} {
		b.Run(part.name, func(b *testing.B) { benchAdmission(b, part.rules, part.want) })
	}
}

func benchAdmission(b *testing.B, rules string, want error) {
	w := newNetwork(b, 3)
	broker := must[*issuer.Issuer](b)(issuer.New("https://broker.example", "k", "ES256"))
	w.govern(trusting(b, rules, broker))
	if err := w.sites[0].node.SetTerms(b.Context(), cohortName, []string{"HMB"}); err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	for i := uint64(0); b.Loop(); i++ {
		b.StopTimer()
		w.clock.Move(5 * time.Minute) // nobody is in a hurry
		now := w.clock.Now()
		a := w.ask(func(a *asking) {
			a.header.Use, a.header.Nonce = protocol.Use{Purpose: "health"}, protocol.Hash("bench", binary.BigEndian.AppendUint64(nil, i))
			a.body.Passport = []byte(w.passport(broker, now, now.Add(time.Hour)))
		})
		offer := w.offer(a, 0)
		b.StartTimer()
		began := time.Now()
		if _, err := w.answer(0, protocol.CallOffer, offer); !errors.Is(err, want) {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "ms/median")
	b.ReportMetric(took[len(took)*95/100].Seconds()*1000, "ms/p95")
}
