package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/dp/ledger"
)

// A site opens its ledger, its operator allows a study something, and a release is
// charged before its noise is drawn.
func Example() {
	folder, err := os.MkdirTemp("", "ledger")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	if err := spend(context.Background(), folder); err != nil {
		fmt.Println(err)
	}
	// Output:
	// charged at rho 0.015, delta 0.000000000000000001
	// refused: the researcher has rho 0.005, delta 0.000000000000000099 left
	//
	// LEVEL       ACCOUNT           RHO SPENT  OF    DELTA SPENT           OF
	// population  the people        0.015      0.5   0.000000000000000001  0.0000000000000001
	// dataset     the dataset       0.015      0.5   0.000000000000000001  0.0000000000000001
	// study       the study         0.015      0.1   0.000000000000000001  0.0000000000000001
	// researcher  alice's in study  0.015      0.02  0.000000000000000001  0.0000000000000001
	//
	// One release may cost rho 0.015, delta 0.000000000000000001.
	// 6 entries, head 15477a8cc93071b9be7b80ff1453d9da4d2376bc80456fe20eb442d219f82faf.
}

func spend(ctx context.Context, folder string) error {
	db, err := ledger.OpenFile(ctx, filepath.Join(folder, "ledger.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	operator := newSigner("operator")
	l, err := ledger.Open(ctx, db, ledger.Config{
		ID:      key("this site"),
		Witness: ledger.NewHeadFile(filepath.Join(folder, "head"), newSigner("witness")),
		Verify:  operator.Verify,
	})
	if err != nil {
		return err
	}
	w := ledger.NewWriter(l, db)
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- w.Run(running) }()

	path := ledger.Path{Population: key("people"), Dataset: key("dataset"), Study: key("study"), Researcher: key("alice")}
	for i, o := range []ledger.Order{
		{Kind: ledger.LimitTask, Amount: ledger.Cost{Rho: 0.015 * account.RhoUnits, Delta: 1}},
		{Kind: ledger.Allow, Level: ledger.Population, Path: path.UpTo(ledger.Population), Amount: ledger.Cost{Rho: 0.5 * account.RhoUnits, Delta: 100}},
		{Kind: ledger.Allow, Level: ledger.Dataset, Path: path.UpTo(ledger.Dataset), Amount: ledger.Cost{Rho: 0.5 * account.RhoUnits, Delta: 100}},
		{Kind: ledger.Allow, Level: ledger.Study, Path: path.UpTo(ledger.Study), Amount: ledger.Cost{Rho: 0.1 * account.RhoUnits, Delta: 100}},
		{Kind: ledger.AllowEach, Level: ledger.Study, Path: path.UpTo(ledger.Study), Amount: ledger.Cost{Rho: 0.02 * account.RhoUnits, Delta: 100}},
	} {
		o.Ledger, o.Nonce, o.Reason = key("this site"), [16]byte{byte(i + 1)}, "decided by the board"
		message, err := o.Encode()
		if err != nil {
			return err
		}
		signature, err := operator.Sign(message)
		if err != nil {
			return err
		}
		err = w.Do(ctx, func(ctx context.Context, tx ledger.Tx) error {
			_, err := l.Follow(ctx, tx, ledger.Signed{Message: message, Signature: signature})
			return err
		})
		if err != nil {
			return err
		}
	}

	// What a release costs is what the accountant says: the two count in the same units.
	cost := account.Cost{Rho: 0.015 * account.RhoUnits, Delta: 1}
	for _, release := range []string{"first", "second"} {
		var hold *ledger.Hold
		err := w.Do(ctx, func(ctx context.Context, tx ledger.Tx) (err error) {
			// The task that the debit pays for goes on in the same transaction.
			hold, err = l.Reserve(ctx, tx, ledger.Charge{Release: key(release), Path: path, Cost: cost})
			return err
		})
		var short *ledger.Exhausted
		if errors.As(err, &short) {
			fmt.Printf("refused: the %v has %v left\n\n", short.Level, short.Left)
			continue
		}
		if err != nil {
			return err
		}
		err = hold.Draw(func() error {
			fmt.Println("charged at", cost)
			return nil
		})
		if err != nil {
			return err
		}
	}
	stop()
	if err := <-ended; err != nil {
		return err
	}
	s, err := l.Show(ctx, db)
	if err != nil {
		return err
	}
	return s.Write(os.Stdout, named(path))
}

// named gives the accounts of a path the names that people know them by.
func named(p ledger.Path) func(ledger.Key) string {
	names := make(map[ledger.Key]string)
	for at, name := range []string{"the people", "the dataset", "the study", "alice's in study"} {
		level := ledger.Level(at + 1)
		if id, err := p.UpTo(level).ID(level); err == nil {
			names[id] = name
		}
	}
	return func(k ledger.Key) string { return names[k] }
}
