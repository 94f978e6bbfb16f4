package passport

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A Fetcher brings the key set at a URL, which is always one of the site's list. It is
// the site's one door to the network that does it. It MUST speak TLS, MUST NOT follow a
// redirect, and MUST NOT read more than MaxKeySetBytes. See NewFetcher.
type Fetcher interface {
	Fetch(ctx context.Context, url string) ([]byte, error)
}

// How long keys are kept. A key that its issuer has taken out of its set is good here for
// keysFresh more, or, while the issuer does not answer, for keysUsable: GA4GH lets nobody
// ask more often than hourly about a person (AAI, Access Token Polling), and an issuer
// that is down for a quarter of an hour stops no study.
const (
	keysFresh  = 15 * time.Minute
	keysUsable = time.Hour
	// keysAgain is the least time between two fetches of one set, so that tokens with
	// made-up kids are no way to knock at an issuer's door.
	keysAgain = time.Minute
	// fetchTime bounds one fetch.
	fetchTime = 10 * time.Second
)

// keyCache holds the sets of listed issuers only, so their number is bounded.
type keyCache struct {
	fetcher Fetcher
	report  func(jku string, err error)

	mu   sync.Mutex
	sets map[string]*cachedSet
}

type cachedSet struct {
	keys           keySet
	fetched, tried time.Time
	flight         chan struct{} // closed when the fetch under way is over; nil without one
}

// key is of the set at jku, which the caller has found on the site's list.
func (c *keyCache) key(ctx context.Context, jku, kid string, now time.Time) (publicKey, Reason) {
	for {
		key, r, flight := c.lookUp(jku, kid, now)
		switch {
		case flight == nil:
			return key, r
		case r == 0: // this caller fetches
			if !c.refresh(ctx, jku, now, flight) {
				return key, KeysUnavailable
			}
		default:
			select {
			case <-flight:
			case <-ctx.Done():
				return key, KeysUnavailable
			}
		}
	}
}

// lookUp gives a key or why there is none. With a flight there is nothing to give yet:
// without a reason the flight is the caller's own, else another's.
func (c *keyCache) lookUp(jku, kid string, now time.Time) (publicKey, Reason, chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.sets[jku]
	if s == nil {
		s = &cachedSet{}
		c.sets[jku] = s
	}
	usable := s.keys != nil && age(s.fetched, now) < keysUsable
	key, r := publicKey{}, KeysUnavailable
	if usable {
		key, r = s.keys.key(kid)
	}
	switch {
	case usable && r != KeyUnknown && age(s.fetched, now) < keysFresh:
		return key, r, nil
	case s.flight != nil:
		return publicKey{}, KeysUnavailable, s.flight
	case !s.tried.IsZero() && age(s.tried, now) < keysAgain:
		return key, r, nil
	}
	s.flight = make(chan struct{})
	return publicKey{}, 0, s.flight
}

// refresh fetches, and says whether it makes sense to look again.
func (c *keyCache) refresh(ctx context.Context, jku string, now time.Time, flight chan struct{}) bool {
	keys, err := c.fetch(ctx, jku)
	// Whoever gives up his own query has learnt nothing about the issuer.
	gaveUp := err != nil && errors.Is(ctx.Err(), context.Canceled)
	c.mu.Lock()
	s := c.sets[jku]
	if !gaveUp {
		s.tried = now
	}
	if err == nil {
		s.keys, s.fetched = keys, now
	}
	s.flight = nil
	close(flight)
	c.mu.Unlock()
	if err != nil && !gaveUp && c.report != nil {
		c.report(jku, err)
	}
	return !gaveUp
}

func (c *keyCache) fetch(ctx context.Context, jku string) (keySet, error) {
	if c.fetcher == nil {
		return nil, errors.New("passport: there is no way to fetch keys: hand in a Fetcher, or list the issuer's keys")
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	raw, err := c.fetcher.Fetch(ctx, jku)
	if err != nil {
		return nil, fmt.Errorf("fetch keys: %w", err)
	}
	return parseKeySet(raw)
}

// age of what was done then. Two queries may read the clock in one order and come here in
// the other; a clock that was set back by more makes everything old.
func age(then, now time.Time) time.Duration {
	switch d := now.Sub(then); {
	case d >= 0:
		return d
	case d >= -skew:
		return 0
	}
	return 1<<63 - 1
}
