package node

import (
	"fmt"
	"strings"

	"github.com/locus-genomics/locus/protocol"
)

// Describe says in plain words what a roster lets happen, to a custodian who is about
// to sign it. self is the site's share point, 0 when it is not in the roster.
func Describe(s protocol.Signed[protocol.Roster], self uint32) string {
	r := &s.Message
	b := new(strings.Builder)
	say := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	say("Study %s, %q, epoch %d", r.Study, r.Title, r.Epoch)
	say("  %s", protocol.Words(s.Digest()))
	say("  Compare these five words with the operator and the other custodians.")
	if !r.Deadline.IsZero() {
		say("  It is void unless every custodian has signed it by %s.", r.Deadline.Format("2006-01-02 15:04 MST"))
	}
	say("\nSites (%d), each of which keeps its genomes:", len(r.Sites))
	for i, site := range r.Sites {
		here := ""
		if uint32(i+1) == self {
			here = "   <- this site"
		}
		say("  %2d  %s, %s, %s%s; counts at most %d people%s", i+1, site.Name, site.Organisation, site.Country, region(site), site.PeopleCap, here)
	}
	say("\nWho can learn what:")
	say("  %s must agree before a sum is opened, of %d organisations or more.", count(r.Threshold, "site"), r.MinOrganisations)
	switch r.Corrupt {
	case 0:
		say("  Your counts stay hidden from everyone while every site is honest, even if the")
		say("  coordinator and the researcher are not.")
	default:
		say("  Your counts stay hidden even if up to %s, the coordinator and the", count(r.Corrupt, "site"))
		say("  researcher are in league.")
	}
	say("  What is released is a sum over at least %d honest sites.", r.Secrecy()-r.Corrupt)
	describeModes(say, r)
	describeData(say, r, self)
	describePeople(say, r)
	return b.String()
}

func region(s protocol.Site) string {
	if s.Region == "" {
		return ""
	}
	return " (" + s.Region + ")"
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func describeModes(say func(string, ...any), r *protocol.Roster) {
	say("\nModes:")
	for _, m := range r.Modes {
		switch m {
		case protocol.Exact:
			say("  exact  sums as they are. They are encrypted on the way, and not differentially private:")
			say("         what a sum over these sites itself tells about a person is told.")
		case protocol.Private:
			say("  dp     sums with noise that no single party knows. What they tell of a person is bounded, and")
			say("         charged to the budget that you allow; none is allowed to begin with.")
		}
	}
}

func describeData(say func(string, ...any), r *protocol.Roster, self uint32) {
	say("\nCohorts, and the sites whose counts are added up, always all of them:")
	if len(r.Cohorts) == 0 {
		say("  none: nothing can be asked")
	}
	for _, c := range r.Cohorts {
		var names []string
		asked := "not asked of this site"
		for _, p := range c.Points {
			if site, ok := r.Site(p); ok {
				names = append(names, site.Name)
			}
			if p == self {
				asked = "asked of this site"
			}
		}
		say("  %s  %s; at least %d people a site (%s)", c.Name, strings.Join(names, ", "), c.Minimum, asked)
		if len(c.Points) == 2 {
			say("      Of two sites, each that sees an exact sum knows what the other added to it.")
		}
	}
	say("\nVariants that may be asked for:")
	if len(r.Panels) == 0 {
		say("  none: nothing can be asked")
	}
	for _, p := range r.Panels {
		say("  %s  %d variants on %s, digest %s", p.Name, p.Size, p.Assembly, p.Digest.Short())
	}
}

func describePeople(say func(string, ...any), r *protocol.Roster) {
	say("\nWho may ask, and alone can read the answers:")
	if len(r.Researchers) == 0 {
		say("  nobody")
	}
	for _, p := range r.Researchers {
		say("  %s, %s, key %s", p.Name, p.Organisation, p.Key.ID().Short())
	}
	say("\nWho carries the questions and adds up what they cannot read:")
	for _, m := range r.Members {
		say("  %s, key %s", m.Name, m.Key.ID().Short())
	}
}
