package passport

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// parseLinked reads "<uri-encoded-sub>,<uri-encoded-iss>;…": Passport specification,
// LinkedIdentities. Both sides may hold what the list is written with, so they are
// split before they are decoded.
func parseLinked(value string) ([]Identity, bool) {
	entries := strings.Split(value, ";")
	if len(entries) > maxLinked {
		return nil, false
	}
	var ids []Identity
	for _, entry := range entries {
		sub, iss, is := strings.Cut(entry, ",")
		if !is || strings.ContainsAny(entry, " ") || strings.Contains(iss, ",") {
			return nil, false
		}
		subject, err := url.PathUnescape(sub)
		issuer, err2 := url.PathUnescape(iss)
		if err != nil || err2 != nil || !fit(subject, maxName) || !fit(issuer, maxName) {
			return nil, false
		}
		ids = append(ids, Identity{issuer, subject})
	}
	return ids, true
}

// mayLink keeps the identities that the site lets an issuer speak of: its own, and those
// of the issuers that are named. Else whoever may link two accounts of his own could say
// that he is anybody.
func (i *Issuer) mayLink(ids []Identity) []Identity {
	return slices.DeleteFunc(ids, func(id Identity) bool {
		return id.Issuer != i.Issuer && !slices.ContainsFunc(i.Visas, func(rule VisaRule) bool {
			return rule.Type == LinkedIdentities && slices.Contains(rule.Links, id.Issuer)
		})
	})
}

// forever is later than every visa.
var forever = time.Unix(1<<40, 0).UTC()

// linked are all identities that are the same person as those in start, each with the time
// until which that is so by the best way there. A visa links its own identity with all that
// it lists; visas chain (Passport specification, LinkedIdentities, example 3).
func linked(start []Identity, visas []*visa) map[Identity]time.Time {
	until := map[Identity]time.Time{}
	for _, id := range start {
		until[id] = forever
	}
	for changed := true; changed; {
		changed = false
		for _, v := range visas {
			if v.fact.Type != LinkedIdentities {
				continue
			}
			all := append([]Identity{v.fact.Identity}, v.links...)
			var best time.Time // of those that are known to be the person
			for _, id := range all {
				if until[id].After(best) {
					best = until[id]
				}
			}
			best = earlier(best, v.fact.Until)
			for _, id := range all {
				if best.After(until[id]) {
					until[id], changed = best, true
				}
			}
		}
	}
	return until
}
