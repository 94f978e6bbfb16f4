// Command broker stands for a university that knows who works there: it gives Alice, whose card
// it is shown, a passport that says so, and a site the list that believes it. It signs for
// anybody, with a key that it forgets; README.md is the story that it belongs to.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/locus-genomics/locus/node/passport"
	"github.com/locus-genomics/locus/node/passport/issuer"
	"github.com/locus-genomics/locus/protocol"
)

// address names the broker. Nothing is there: the list has its key.
const address = "https://broker.university.example"

func main() {
	if err := run(os.Args[1:], os.Stdout, time.Now()); err != nil {
		fmt.Fprintln(os.Stderr, "broker:", err)
		os.Exit(1)
	}
}

// run writes the list to a file, and the passport to out.
func run(args []string, out io.Writer, now time.Time) error {
	if len(args) != 2 {
		return errors.New("usage: broker CARD TRUST")
	}
	raw, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var card struct{ Key []byte }
	if err := json.Unmarshal(raw, &card); err != nil {
		return fmt.Errorf("card %s: %w", args[0], err)
	}
	key, err := protocol.ParsePublicKey(card.Key)
	if err != nil {
		return fmt.Errorf("card %s: %w", args[0], err)
	}
	broker, err := issuer.New(address, "1", "ES256")
	if err != nil {
		return err
	}
	const university = "https://university.example"
	list, err := json.MarshalIndent(passport.Trust{Issuers: []passport.Issuer{{
		Issuer: address, JKU: broker.JKU(), Keys: issuer.KeySet(broker), Passports: true,
		Visas: []passport.VisaRule{{Type: passport.AffiliationAndRole, Sources: []string{university}, By: []passport.By{passport.BySO}}},
	}}}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(args[1], append(list, '\n'), 0o600); err != nil {
		return err
	}
	visa := broker.Visa(issuer.Visa{
		Subject: "alice", Type: string(passport.AffiliationAndRole), Value: "faculty@university.example", Source: university, By: string(passport.BySO),
	}, now)
	_, err = fmt.Fprintln(out, broker.Passport("alice", issuer.Object{"jkt": passport.Thumbprint(key)}, now, visa))
	return err
}
