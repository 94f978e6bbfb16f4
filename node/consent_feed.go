package node

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	roll "github.com/locus-genomics/locus/node/cohort"
)

// A hospital's own system tells the node of consents by one of two ways: it moves tables
// into a folder, or posts them to a port of the same machine.

const (
	// lookEvery is how often the folder is looked into: a withdrawal has effect in a second.
	lookEvery = 250 * time.Millisecond
	// maxConsents bounds a table, in bytes: ten million people in 100 each.
	maxConsents = 1 << 30
	// maxFeedWait is how long a request may take to come and to be answered.
	maxFeedWait = time.Minute

	consentSuffix = ".tsv"
	doneSuffix    = ".done"
	refusedSuffix = ".refused"
	whySuffix     = ".why"

	consentTokenName = "consent.token"
)

// feedConsents takes in what the folder and the port of the configuration bring, until ctx
// ends.
func (n *Node) feedConsents(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	if n.cfg.ConsentFolder != "" {
		work.Go(func() error { return n.watchConsents(ctx) })
	}
	if n.cfg.ConsentListen != "" {
		work.Go(func() error { return n.listenForConsents(ctx) })
	}
	return work.Wait()
}

// watchConsents takes in each table that is moved into the folder, in the order of their
// names, and says with another name what became of it.
func (n *Node) watchConsents(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := n.lookForConsents(ctx); err != nil {
			if fatal(err) {
				return err
			}
			n.cfg.Log.Warn("the folder of consents cannot be used", "why", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (n *Node) lookForConsents(ctx context.Context) error {
	entries, err := os.ReadDir(n.cfg.ConsentFolder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if ctx.Err() != nil {
			return nil
		}
		if !e.Type().IsRegular() || !strings.HasSuffix(e.Name(), consentSuffix) || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := n.takeConsents(ctx, filepath.Join(n.cfg.ConsentFolder, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// takeConsents takes in one table. What is wrong with it stands beside it.
func (n *Node) takeConsents(ctx context.Context, path string) error {
	change, err := n.importFile(ctx, path)
	switch {
	case fatal(err) || ctx.Err() != nil:
		return err
	case errors.Is(err, fs.ErrNotExist):
		return nil // somebody took it back
	case err != nil:
		// Who writes a table for each person names it after the person.
		n.cfg.Log.Warn("a table of consents was refused; why stands beside it, in the file that ends in " + whySuffix)
		return errors.Join(os.WriteFile(path+whySuffix, []byte(err.Error()+"\n"), 0o600), os.Rename(path, path+refusedSuffix))
	}
	n.cfg.Log.Info("a table of consents was taken in", "epoch", change.Epoch)
	return os.Rename(path, path+doneSuffix)
}

func (n *Node) importFile(ctx context.Context, path string) (ConsentChange, error) {
	f, err := os.Open(path)
	if err != nil {
		return ConsentChange{}, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > maxConsents {
		return ConsentChange{}, errors.Join(fmt.Errorf("%w: the table has over %d bytes; part it", ErrConsent, maxConsents), err)
	}
	return n.importFrom(ctx, f)
}

func (n *Node) importFrom(ctx context.Context, r io.Reader) (ConsentChange, error) {
	list, err := roll.ReadConsents(r)
	if err != nil {
		return ConsentChange{}, fmt.Errorf("%w: %w", ErrConsent, err)
	}
	return n.ImportConsents(ctx, list, nil)
}

// listenForConsents answers POST /consents with a table, on a port that only this machine
// reaches, from whoever can read the token in the node's directory.
func (n *Node) listenForConsents(ctx context.Context) error {
	token, err := n.consentToken()
	if err != nil {
		return err
	}
	l, err := listenLoopback(ctx, n.cfg.ConsentListen)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: n.consentRoutes(token), ReadHeaderTimeout: maxFeedWait, ReadTimeout: maxFeedWait, WriteTimeout: maxFeedWait, MaxHeaderBytes: 1 << 14,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	n.cfg.Log.Info("consents are taken", "address", l.Addr().String(), "token", filepath.Join(n.cfg.Dir, consentTokenName))
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("take consents: %w", err)
	}
	return nil
}

func (n *Node) consentRoutes(token string) http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("POST /consents", n.postConsents)
	return guardConsents(token, routes)
}

// listenLoopback listens where no other machine gets.
func listenLoopback(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("%w: consents are taken at an address of this machine alone, such as 127.0.0.1:8081, and not at %q", ErrConfig, address)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("take consents: %w", err)
	}
	return l, nil
}

// consentToken is in a file that the node's user can read; it is made at the first start.
func (n *Node) consentToken() (string, error) {
	path := filepath.Join(n.cfg.Dir, consentTokenName)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		var b [32]byte
		if _, err := io.ReadFull(n.cfg.Entropy, b[:]); err != nil {
			return "", fmt.Errorf("draw a token: %w", err)
		}
		raw = []byte(hex.EncodeToString(b[:]))
		err = writeDurably(path, raw)
	}
	if token := strings.TrimSpace(string(raw)); err == nil && len(token) >= 32 {
		return token, nil
	}
	return "", errors.Join(fmt.Errorf("%w: %s holds no token; remove it, and another is made", ErrConfig, path), err)
}

// guardConsents lets nobody in without the token, and no page of a browser with it.
func guardConsents(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said := []byte(r.Header.Get("Authorization"))
		switch {
		case subtle.ConstantTimeCompare(said, []byte("Bearer "+token)) != 1:
			http.Error(w, "the header Authorization has to be Bearer and the token in the node's directory", http.StatusUnauthorized)
		case r.Header.Get("Origin") != "":
			http.Error(w, "not for browsers", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (n *Node) postConsents(w http.ResponseWriter, r *http.Request) {
	change, err := n.importFrom(r.Context(), http.MaxBytesReader(w, r.Body, maxConsents))
	switch {
	case errors.Is(err, ErrConsent):
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	case err != nil:
		n.cfg.Log.Warn("consents were not taken", "why", err)
		http.Error(w, "the consents could not be written; nothing was changed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(struct {
		Epoch   uint64   `json:"epoch"`
		Changed int      `json:"changed"`
		Cohorts []string `json:"cohorts"`
	}{change.Epoch, change.Changed, change.Cohorts})
}
