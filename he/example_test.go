package he_test

import (
	"bytes"
	"crypto/rand"
	"fmt"

	"github.com/locus-genomics/locus/he"
)

// Three sites hide two numbers each, the coordinator adds what it cannot read, two of
// the sites help to open the sum, and the researcher does.
func Example() {
	if err := example(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 12 bytes a site
	// the sum: [111 222]
}

func example() error {
	session, err := exampleSession()
	if err != nil {
		return err
	}
	sum, check := make([]byte, 12), he.Check{}
	held := make([][]he.Share, 3) // by each site: one share of every site's key
	for site, words := range [][]int64{{1, 2}, {10, 20}, {100, 200}} {
		root, err := he.NewSessionRoot(bytes.Repeat([]byte{byte(site + 1)}, 32)) // a site's secret
		if err != nil {
			return err
		}
		mask, err := he.NewMask(session, root, words)
		if err != nil {
			return err
		}
		var hidden bytes.Buffer
		if _, err := mask.WriteTo(&hidden); err != nil {
			return err
		}
		own, err := mask.Check()
		if err != nil {
			return err
		}
		shares, err := mask.Shares()
		if err != nil {
			return err
		}
		mask.Wipe()
		for i, s := range shares {
			held[i] = append(held[i], s)
		}
		if site == 0 {
			fmt.Println(hidden.Len(), "bytes a site")
		}
		if err := he.Add(sum, hidden.Bytes()); err != nil { // at the coordinator
			return err
		}
		check = he.AddCheck(check, own)
	}
	var openings []he.Share
	for _, shares := range held[:2] { // the third site is not needed
		opening, err := he.SumShares(shares)
		if err != nil {
			return err
		}
		openings = append(openings, opening)
	}
	words, err := he.Open(session, sum, check, openings)
	if err != nil {
		return err
	}
	fmt.Println("the sum:", words)
	return nil
}

func exampleSession() (s he.Session, err error) {
	s = he.Session{ID: he.SessionID{1}, Points: []uint32{1, 2, 3}, Words: 2, Threshold: 2}
	if s.Params, err = he.ParamsFor(3); err != nil {
		return s, err
	}
	s.CheckKey, err = he.NewCheckKey(bytes.Repeat([]byte{9}, 32)) // of sites and researcher
	return s, err
}

func ExampleParamsFor() {
	for _, sites := range []int{3, 100, 1000} {
		p, err := he.ParamsFor(sites)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(sites, "sites:", p.Name(), "adds up to", p.Payload(), "bits, a word of a site at most", p.MaxWord(sites))
	}
	// Output:
	// 3 sites: a50g8 adds up to 40 bits, a word of a site at most 183251937962
	// 100 sites: a50g9 adds up to 39 bits, a word of a site at most 2748779069
	// 1000 sites: a50g10 adds up to 38 bits, a word of a site at most 137438953
}

// A share goes to its site through the coordinator, sealed for its place.
func ExampleShare_Seal() {
	session, err := exampleSession()
	if err != nil {
		fmt.Println(err)
		return
	}
	private, public, err := he.GenerateKEM(rand.Reader) // bob's
	if err != nil {
		fmt.Println(err)
		return
	}
	mask, err := he.NewMask(session, he.SessionRoot{}, []int64{1, 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	shares, err := mask.Shares()
	if err != nil {
		fmt.Println(err)
		return
	}
	place := []byte("this session, from alice to bob")
	sealed, err := shares[1].Seal(public, place)
	if err != nil {
		fmt.Println(err)
		return
	}
	share, err := he.OpenShare(session.Params, 1, private, place, sealed, 2)
	fmt.Println(len(sealed), "bytes, for point", share.Point(), err)
	_, err = he.OpenShare(session.Params, 1, private, []byte("another session, from alice to bob"), sealed, 2)
	fmt.Println(err)
	// Output:
	// 13954 bytes, for point 2 <nil>
	// he: the sealed share does not open: it was sealed to another key or for another place, or altered
}
