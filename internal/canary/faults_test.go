package canary_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/locus-genomics/locus/internal/canary"
	"github.com/locus-genomics/locus/node/egress"
)

// theFaults are what goes wrong while the nodes serve: their logs tell of it.
func theFaults(h *house) []canary.Canary {
	h.feed()
	h.hostileMember()
	h.spoiledData()
	for _, line := range []string{"count $GENEVA", "cohort show everyone", "consent show " + personStem + "ge001", "cohort list -o json"} {
		h.full("geneva", line)
	}
	h.start("an interrupted cohort add", "lyon", "cohort add other $LYON_GZ --samples $LYON_TSV")
	h.stop("an interrupted cohort add", syscall.SIGINT)
	h.stop("lyon", syscall.SIGQUIT) // it prints where its goroutines are
	h.start("an interrupted question", "alice", "run "+ask+"--passport $PASSPORT --region 22:20000000-20007000")
	h.await("an interrupted question", "asked")
	h.stop("an interrupted question", syscall.SIGINT)
	return nil
}

// feed tells a node of consents as a hospital's system does, in ways that are right and wrong.
func (h *house) feed() {
	h.t.Helper()
	at := regexp.MustCompile(`msg="consents are taken" address=([0-9.:]+)`).FindStringSubmatch(h.await("geneva", "consents are taken"))[1]
	token, err := os.ReadFile(h.path("geneva", "consent.token"))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, tt := range []struct {
		bearer, table string
		code          int
	}{
		{string(token), "GENEVA_CONSENTS", 200}, {"Bearer", "GENEVA_CONSENTS", 401}, {string(token) + ward, "GENEVA_CONSENTS", 401},
		{string(token), "BAD_STATUS", 422}, {string(token), "BAD_DUO", 422}, {string(token), "TWICE_TOLD", 422}, {string(token), "GENEVA", 422},
	} {
		r, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, "http://"+at+"/consents", strings.NewReader(h.read(tt.table)))
		if err != nil {
			h.t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+tt.bearer)
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			h.t.Fatal(err)
		}
		body, err := io.ReadAll(a.Body)
		if err = errors.Join(err, a.Body.Close()); err != nil || a.StatusCode != tt.code {
			h.t.Fatalf("post of %s: %d, want %d: %s, %v", tt.table, a.StatusCode, tt.code, body, err)
		}
		h.saw("answer of the feed of geneva", body)
	}
	// A system that writes a table for each person names it after the person.
	for i, table := range []string{"GENEVA_CONSENTS", "BAD_STATUS", "BAD_STUDY", "NO_NAMES", "GENEVA_TSV"} {
		name := filepath.Join(h.vars["FEED"], fmt.Sprintf("%sge%03d.tsv", personStem, i))
		if err := errors.Join(os.WriteFile(name+".part", []byte(h.read(table)), 0o600), os.Rename(name+".part", name)); err != nil {
			h.t.Fatal(err)
		}
		h.until("that a table is taken from the folder", func() bool {
			_, err := os.Stat(name)
			return errors.Is(err, fs.ErrNotExist)
		})
		if why, err := os.ReadFile(name + ".why"); err == nil {
			h.saw("why a table was refused", why)
		}
	}
}

// hostileMember asks the nodes what no member asks.
func (h *house) hostileMember() {
	h.t.Helper()
	list, _ := h.front.Peers()
	if len(list) != len(sites) {
		h.t.Fatalf("%d nodes are connected", len(list))
	}
	for kind, spec := range egress.Kinds() {
		for _, request := range []string{"", h.read("GENEVA_TSV"), h.read("JSON"), personStem + "ge001", h.read("GENEVA_GZ")} {
			for _, node := range list {
				answer, err := h.front.Call(h.t.Context(), node, kind, []byte(request[:min(len(request), spec.MaxRequest)]))
				h.saw("answer to a hostile "+spec.Name, fmt.Appendf(answer, "%v", err))
				h.left(answer)
			}
		}
	}
}

// spoiledData changes files below a node's feet, and asks about them.
func (h *house) spoiledData() {
	h.t.Helper()
	question := 0
	for _, tt := range []struct{ of, as string }{
		{"TORINO_TSV", "BAD_SEX"}, {"TORINO_TSV", "RENAMED"}, {"TORINO_TSV", "STRANGER"}, {"TORINO_TSV", "NO_UTF8"}, {"TORINO_TSV", ""},
		{"TORINO", "CUT_VCF"}, {"TORINO", "BAD_CALL"}, {"TORINO", ""}, {"GENEVA_TSV", "BAD_SEX"}, {"GENEVA_TSV", ""},
	} {
		whole := h.read(tt.of)
		var err error
		if tt.as == "" {
			err = os.Remove(h.vars[tt.of])
		} else {
			err = os.WriteFile(h.vars[tt.of], []byte(h.read(tt.as)), 0o600)
		}
		if err != nil {
			h.t.Fatal(err)
		}
		site := strings.ToLower(strings.TrimSuffix(tt.of, "_TSV"))
		before, _ := h.procs[site].text()
		task := ""
		h.until(site+" refuses for "+tt.as, func() bool {
			said, _ := h.procs[site].text()
			if said = said[len(before):]; strings.Contains(said, "msg=refused call=offer") || strings.Contains(said, `what="call offer"`) {
				return true
			}
			// It is asked again where another site was the first to refuse.
			if task == "" || strings.Contains(h.run("alice", 0, "task show "+task), "failed") {
				question++
				task = h.run("alice", 0, fmt.Sprintf("run "+ask+"--passport $PASSPORT --region 22:200%02d000-20030000 --mode dp --epsilon 0.1 --detach", question))
			}
			return false
		})
		if err := os.WriteFile(h.vars[tt.of], []byte(whole), 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
}

// full runs a line that finds the disk full.
func (h *house) full(party, line string) {
	h.t.Helper()
	disk, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		h.t.Logf("%s is not tried on a full disk: %v", line, err)
		return
	}
	defer disk.Close()
	_, errs, code := h.exec(party, h.words(line), "", disk)
	h.saw("stderr of "+party+" on a full disk: "+line, errs)
	if code == 0 {
		h.t.Errorf("%s ends well on a full disk", line)
	}
}

// theSweep runs every command, also those that nobody thought of here, with files that are
// something else than it wants, as each of its arguments and flags.
func theSweep(h *house) []canary.Canary {
	for program := range programs {
		h.template(program)
	}
	var work errgroup.Group
	work.SetLimit(runtime.NumCPU())
	wrong := []string{"GENEVA", "NAMED_TSV", "DORA", "JSON"}
	turn := 0
	for _, path := range slices.Sorted(maps.Keys(h.tree)) {
		c := h.tree[path]
		args := strings.Fields(path)
		if h.isGroup(path) {
			h.run(h.someone(args[0]), 0, strings.Join(args[1:], " "))
			continue
		}
		_, _, code := h.exec(h.someone(args[0]), append(args[1:], "--help"), "", nil)
		if code != 0 {
			h.t.Errorf("%s --help: code %d", path, code)
		}
		positions := len(regexp.MustCompile(`(^| )\[?[A-Z]+`).FindAllString(strings.Split(c.takes, " --")[0], -1))
		for _, file := range wrong {
			work.Go(func() error { return h.wrongly(args, file, max(positions, 1), "") })
		}
		for _, flag := range c.flags {
			file := wrong[turn%len(wrong)]
			turn++
			work.Go(func() error { return h.wrongly(args, file, positions, flag) })
		}
	}
	if err := work.Wait(); err != nil {
		h.t.Fatal(err)
	}
	return nil
}

func (h *house) isGroup(path string) bool {
	for other := range h.tree {
		if strings.HasPrefix(other, path+" ") {
			return true
		}
	}
	return false
}

// someone has a directory of a program.
func (h *house) someone(program string) string {
	return map[string]string{"locus": "bob", "locus-node": "torino", "locus-coordinator": "c1"}[program]
}

// template copies somebody's directory, without what is large.
func (h *house) template(program string) {
	h.t.Helper()
	to := filepath.Join(h.in, "template", program)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		h.t.Fatal(err)
	}
	if out, err := exec.CommandContext(h.t.Context(), "cp", "-a", h.path(h.someone(program)), to).CombinedOutput(); err != nil {
		h.t.Fatalf("%v: %s", err, out)
	}
	for _, large := range []string{"outbox", "raft", "blobs", "audit"} {
		if err := os.RemoveAll(filepath.Join(to, large)); err != nil {
			h.t.Fatal(err)
		}
	}
	if program == "locus-node" {
		if err := os.Mkdir(filepath.Join(to, "outbox"), 0o700); err != nil {
			h.t.Fatal(err)
		}
	}
}

// wrongly runs a command in a copy of a directory, with a copy of a file.
func (h *house) wrongly(path []string, file string, positions int, flag string) error {
	dir, err := os.MkdirTemp(h.in, "sweep")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if out, err := exec.CommandContext(h.t.Context(), "cp", "-a", filepath.Join(h.in, "template", path[0]), filepath.Join(dir, "home")).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "f1"), []byte(h.read(file)), 0o600); err != nil {
		return err
	}
	args := slices.Concat(path[1:], slices.Repeat([]string{"f1"}, positions))
	if flag != "" {
		args = append(args, flag, "f1")
	}
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, filepath.Join(h.bin, path[0]), append(args, programs[path[0]], "home")...)
	c.Dir, c.Env = dir, append(os.Environ(), "LOCUS_NOT_A_SETTING="+environment)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	_ = c.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("%q has not ended", args)
	}
	label := fmt.Sprintf(" of the sweep: %s with %s", strings.Join(append(path[:1], args...), " "), file)
	h.saw("stdout"+label, out.Bytes())
	h.saw("stderr"+label, errs.Bytes())
	return nil
}

// theEnd stops everybody, looks at what they keep, and then breaks it.
func theEnd(h *house) []canary.Canary {
	for name := range maps.Clone(h.procs) {
		h.stop(name, syscall.SIGTERM)
	}
	theLeave(h)
	h.files()
	h.egressLogged(sites...)
	planted := h.secrets()
	for _, f := range []string{"node.json", "records.db", "keys/signing", "keys/root", "egress.log"} {
		name := h.path("torino", filepath.FromSlash(f))
		raw, err := os.ReadFile(name)
		if err != nil {
			h.t.Fatal(err)
		}
		if err := os.WriteFile(name, raw[:len(raw)/2], 0o600); err != nil {
			h.t.Fatal(err)
		}
		for _, line := range []string{"status", "cohort check", "budget show"} {
			_, errs, _ := h.exec("torino", h.words(line), "", nil)
			h.saw("stderr of torino, whose "+f+" is cut: "+line, errs)
		}
		if err := os.WriteFile(name, raw, 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
	return planted
}
