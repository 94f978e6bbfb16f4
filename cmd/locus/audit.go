package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/locus-genomics/locus/audit/evidence"
	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/protocol/rest"
)

func (a *app) audit() *cobra.Command {
	return cli.Group("audit", "What sites and coordinators have logged", a.auditVerify(), a.auditShow())
}

// auditShow prints what it has verified.
func (a *app) auditShow() *cobra.Command {
	var policyFile string
	var allowUnknown bool
	c := &cobra.Command{
		Use: "show --policy FILE LOG", Short: "Verify a log, and print its entries, offline", Args: cli.Exactly(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if policyFile == "" {
				return cli.Misusedf("--policy is needed: without it any key could have signed")
			}
			text, err := os.ReadFile(policyFile)
			if err != nil {
				return fmt.Errorf("--policy: %w", err)
			}
			p, err := verify.ParsePolicy(text)
			if err != nil {
				return fmt.Errorf("--policy: %w", err)
			}
			return create("-", a.out, func(w io.Writer) error {
				out := bufio.NewWriter(w)
				_, err := verify.Log(os.DirFS(args[0]), p, verify.Options{Now: time.Now(), AllowUnknown: allowUnknown, Each: func(index uint64, e verify.Entry) {
					fmt.Fprintf(out, "%d\t%s\t%s\t%x", index, e.Time.Format(time.RFC3339Nano), e.Kind, e.Subject)
					for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
						fmt.Fprintf(out, "\t%s=%x", name, e.Fields[name])
					}
					fmt.Fprintln(out)
				}})
				return errors.Join(err, out.Flush())
			})
		},
	}
	c.Flags().StringVar(&policyFile, "policy", "", "file of the keys that are believed, and the quorum")
	c.Flags().BoolVar(&allowUnknown, "allow-unknown", false, "pass over signatures of keys that the policy does not name")
	return c
}

// auditing is what the flags of verify say.
type auditing struct {
	*app
	policyFile, headFile, format string
	allowUnknown                 bool
	policy                       *verify.Policy
}

// auditVerify needs no network, no key and no node.
func (a *app) auditVerify() *cobra.Command {
	v := auditing{app: a}
	c := &cobra.Command{
		Use: "verify --policy FILE LOG|RECEIPT|PROOF|BUNDLE…", Short: "Verify a log, receipts, proofs of erasure, or what a site has exported, offline",
		Long: "Verify the directory of a log, receipts (.tlog-proof), proofs of erasure, what locus-node audit export has\n" +
			"written (.zip), or a directory that holds logs and receipts.\n\n" +
			"The policy is a file that says whose logs and whose cosignatures you believe. Get it from the sites, and\n" +
			"compare it with what another site has. docs/reference/audit-log.md has its format, and what is verified.\n" +
			"With --head the log must continue what was verified last time: keep that file to yourself.",
		Example: "  locus audit verify --policy sites.policy --head alice.head /mnt/mirror/alice\n  locus audit verify --policy sites.policy 41.tlog-proof",
		Args:    cli.Between(1, 1000),
		RunE:    func(_ *cobra.Command, args []string) error { return v.run(args) },
	}
	c.Flags().StringVar(&v.policyFile, "policy", "", "file of the keys that are believed, and the quorum")
	c.Flags().StringVar(&v.headFile, "head", "", "file of the checkpoint that was verified last; made where there is none, and moved on")
	c.Flags().BoolVar(&v.allowUnknown, "allow-unknown", false, "pass over signatures of keys that the policy does not name")
	c.Flags().StringVarP(&v.format, "output", "o", "text", "format: text or jsonl")
	return c
}

func (v *auditing) run(args []string) error {
	switch {
	case v.policyFile == "":
		return cli.Misusedf("--policy is needed: without it any key could have signed")
	case v.format != "text" && v.format != "jsonl":
		return cli.Misusedf("%q is not a format; see --help", v.format)
	case v.headFile != "" && len(args) > 1:
		return cli.Misusedf("--head is of one log: verify one at a time")
	}
	text, err := os.ReadFile(v.policyFile)
	if err == nil {
		v.policy, err = verify.ParsePolicy(text)
	}
	if err != nil {
		return fmt.Errorf("--policy: %w", err)
	}
	var faults []error
	for _, name := range args {
		faults = append(faults, v.one(name))
	}
	return errors.Join(faults...)
}

// one verifies a log, a receipt, or all that a directory holds of them.
func (v *auditing) one(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return v.receipt(name)
	}
	if isLog(name) {
		return v.log(name)
	}
	list, err := os.ReadDir(name)
	if err != nil {
		return err
	}
	var faults []error
	for _, f := range list {
		if inside := filepath.Join(name, f.Name()); isLog(inside) || filepath.Ext(inside) == ".tlog-proof" {
			faults = append(faults, v.one(inside))
		}
	}
	if faults == nil {
		return fmt.Errorf("%s holds no log and no receipt: a log has a file `checkpoint`, a receipt ends in .tlog-proof: %w", name, fs.ErrNotExist)
	}
	return errors.Join(faults...)
}

// isLog knows a log by its checkpoint, or by its tiles where that is gone.
func isLog(dir string) bool {
	_, note := os.Stat(filepath.Join(dir, "checkpoint"))
	_, tiles := os.Stat(filepath.Join(dir, "tile"))
	return note == nil || tiles == nil
}

func (v *auditing) log(name string) error {
	o := verify.Options{Now: time.Now(), AllowUnknown: v.allowUnknown}
	if v.headFile != "" {
		head, err := os.ReadFile(v.headFile)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("--head: %w", err)
		}
		o.Remembered = head
	}
	newest, err := os.ReadFile(filepath.Join(name, "checkpoint"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	r, err := verify.Log(os.DirFS(name), v.policy, o)
	if err != nil {
		return fmt.Errorf("%s does not verify; keep it as it is, and ask its owner and its witnesses for their copies:\n%w", name, err)
	}
	if err := v.moveHead(newest, r.Newest); err != nil {
		return err
	}
	return v.print(verified{
		Log: r.Newest.Origin, Entries: r.Newest.Size, Root: hex.EncodeToString(r.Newest.Root[:]), From: r.First, To: r.Last, Kinds: r.Kinds,
		Cosigned: r.Cosigned.Size, Witnesses: slices.Sorted(maps.Keys(r.Cosigned.Witnesses)), Beyond: r.Beyond,
	})
}

// moveHead keeps the checkpoint for the next time.
func (v *auditing) moveHead(note []byte, was verify.Checkpoint) error {
	if v.headFile == "" {
		return nil
	}
	c, err := v.policy.Checkpoint(note)
	if err != nil || c.Size != was.Size || c.Root != was.Root {
		fmt.Fprintln(v.err, "The log grew when it was read: --head stays where it was. Run this again.")
		return nil
	}
	return create(v.headFile, v.out, func(w io.Writer) error { _, err := w.Write(note); return err })
}

func (v *auditing) receipt(name string) error {
	if filepath.Ext(name) == ".zip" {
		return v.bundle(name)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		return v.erasure(name, raw)
	}
	e, index, c, err := verify.Receipt(raw, v.policy)
	if err != nil {
		return fmt.Errorf("%s does not verify: %w", name, err)
	}
	return v.print(verified{
		Log: c.Origin, Entries: c.Size, Root: hex.EncodeToString(c.Root[:]), Cosigned: c.Size, Witnesses: slices.Sorted(maps.Keys(c.Witnesses)),
		From: e.Time, To: e.Time, Receipt: &proven{filepath.Base(name), index, e.Kind, hex.EncodeToString(e.Subject[:])},
	})
}

// bundle verifies what a site has exported.
func (v *auditing) bundle(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	r, err := evidence.Verify(f, info.Size(), v.policy, verify.Options{Now: time.Now(), AllowUnknown: v.allowUnknown})
	if err != nil {
		return fmt.Errorf("%s does not verify: %w", name, err)
	}
	return v.print(verified{
		Log: r.Log.Newest.Origin, Entries: r.Log.Newest.Size, Root: hex.EncodeToString(r.Log.Newest.Root[:]), From: r.Log.First, To: r.Log.Last, Kinds: r.Log.Kinds,
		Cosigned: r.Log.Cosigned.Size, Witnesses: slices.Sorted(maps.Keys(r.Log.Cosigned.Witnesses)), Beyond: r.Log.Beyond,
		Bundle: &bundled{filepath.Base(name), r.Manifest.Site, r.Manifest.From, r.Manifest.To, r.Decisions, slices.Sorted(maps.Keys(r.Documents))},
	})
}

// erasure verifies a proof that a site has erased a cohort.
func (v *auditing) erasure(name string, raw []byte) error {
	e, err := verify.Erasure(raw, v.policy)
	if err != nil {
		return fmt.Errorf("%s does not verify: %w", name, err)
	}
	r := verified{Log: e.Site, From: e.At, To: e.At, Erasure: &erased{
		filepath.Base(name), e.Cohort, hex.EncodeToString(e.Dataset[:]), hex.EncodeToString(e.Content[:]), e.At, e.Sequence, e.Logged, e.Index,
	}}
	if c := e.Checkpoint; e.Logged {
		r.Entries, r.Root, r.Cosigned, r.Witnesses = c.Size, hex.EncodeToString(c.Root[:]), c.Size, slices.Sorted(maps.Keys(c.Witnesses))
	}
	return v.print(r)
}

// verified is what verify says of one of its arguments. Its names are stable.
type verified struct {
	APIVersion string            `json:"apiVersion"`
	Log        string            `json:"log"`
	Entries    uint64            `json:"entries"`
	Root       string            `json:"root"`
	From       time.Time         `json:"from"`
	To         time.Time         `json:"to"`
	Kinds      map[string]uint64 `json:"kinds,omitempty"`
	Cosigned   uint64            `json:"cosignedEntries"`
	Witnesses  []string          `json:"witnesses"`
	Beyond     int               `json:"filesBeyond,omitempty"`
	Receipt    *proven           `json:"receipt,omitempty"`
	Bundle     *bundled          `json:"bundle,omitempty"`
	Erasure    *erased           `json:"erasure,omitempty"`
}

// bundled is what a site has exported.
type bundled struct {
	File      string    `json:"file"`
	Site      string    `json:"site"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Decisions int       `json:"decisions"`
	Documents []string  `json:"documents"`
}

type erased struct {
	File     string    `json:"file"`
	Cohort   string    `json:"cohort"`
	Dataset  string    `json:"dataset"`
	Content  string    `json:"content"`
	At       time.Time `json:"at"`
	Sequence uint64    `json:"sequence"`
	// Logged tells that the site's log has it, at Index.
	Logged bool   `json:"logged"`
	Index  uint64 `json:"index,omitempty"`
}

type proven struct {
	File    string `json:"file"`
	Index   uint64 `json:"index"`
	Kind    string `json:"kind"`
	Subject string `json:"subject"`
}

func (v *auditing) print(r verified) error {
	if v.format == "jsonl" {
		r.APIVersion = rest.APIVersion
		return json.NewEncoder(v.out).Encode(r)
	}
	by := "by nobody"
	if len(r.Witnesses) > 0 {
		by = fmt.Sprintf("at %d by %s", r.Cosigned, printed(strings.Join(r.Witnesses, ", ")))
	}
	if p := r.Receipt; p != nil {
		fmt.Fprintf(v.out, "receipt %s: entry %d of %s, %s of %s, about %s; cosigned %s\n",
			printed(p.File), p.Index, printed(r.Log), p.Kind, r.From.Format(time.RFC3339), p.Subject, by)
		return nil
	}
	if b := r.Bundle; b != nil {
		fmt.Fprintf(v.out, "bundle %s: site %s from %s to %s; %d decisions, each in the log; %s\n",
			printed(b.File), printed(b.Site), b.From.Format(time.DateOnly), b.To.Format(time.DateOnly), b.Decisions, printed(strings.Join(b.Documents, ", ")))
	}
	if e := r.Erasure; e != nil {
		log := "no receipt: nothing shows that the site's log has it"
		if e.Logged {
			log = fmt.Sprintf("entry %d of its log, cosigned %s", e.Index, by)
		}
		fmt.Fprintf(v.out, "erasure %s: %s has destroyed the key of cohort %q on %s, dataset %.12s, content %s; link %d of its chain; %s\n",
			printed(e.File), printed(r.Log), e.Cohort, e.At.UTC().Format(time.RFC3339), e.Dataset, e.Content, e.Sequence, log)
		return nil
	}
	fmt.Fprintf(v.out, "log %s: %d entries from %s to %s, root %s; cosigned %s\n",
		printed(r.Log), r.Entries, r.From.Format(time.RFC3339), r.To.Format(time.RFC3339), r.Root, by)
	if r.Beyond > 0 {
		fmt.Fprintf(v.err, "%d files lie beyond the checkpoint: the log is being written to, its writer was killed, or an older checkpoint was put back. --head tells.\n", r.Beyond)
	}
	return nil
}
