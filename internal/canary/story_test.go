package canary_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/coordinator"
	"github.com/locus-genomics/locus/internal/canary"
	"github.com/locus-genomics/locus/protocol"
)

// rule lets something of a sort come out somewhere. Each has to be used: one that is not is
// taken away.
type rule struct {
	where string // a pattern of where it is seen
	what  []string
	why   string
}

// rules are all that may come out.
var rules = []rule{
	{`^file (geneva|lyon|torino)/keys/`, []string{keys}, "a site's keys are in its folder of keys"},
	{`^file c1/(keys\.json|tls\.pem)$`, []string{keys}, "and a member's in its own files"},
	{`^file (alice|bob|carol)/seed$`, []string{keys}, "and a researcher's in the seed"},
	{`^file alice/tasks/`, []string{passports, holders}, "the researcher keeps what was asked, whose passport it is"},
	{`^stderr of (c1: study propose|the sweep: locus-coordinator study propose)`, []string{persons}, "the operator's file has a field that is not known, which is named"},
	{`^file geneva/consent\.token$`, []string{bearers}, "a hospital's system reads the token there"},
	{`^(stdout of c1: site invite|answer to POST /v1/invitations)`, []string{tokens}, "the operator asks for a token, to hand it over"},
	{`^stdout of alice: key backup$`, []string{words}, "the researcher asks for the words, to write them down"},
	{`^(stdout|stderr) of (geneva|lyon|torino): `, []string{paths}, "the custodian has typed where the data are"},
	{`^(stdout|stderr) of (alice|c1): `, []string{paths}, "so have the others where their own files are"},
	{`^file (geneva|lyon|torino)/records\.db`, []string{paths}, "the node reads the sample table where it lies, each time"},
	{`^file (geneva|lyon|torino)/records\.db`, []string{columns}, "the filter of a cohort is kept"},
	{`^stdout of (geneva|lyon|torino): cohort (add|update|list|show|check)`, []string{columns}, "the custodian sees the filter that he has typed"},
	{`^stdout of geneva: cohort show everyone --samples$`, []string{samples}, "the custodian asks which samples are sparse"},
	{`^stderr of geneva: count .*--strata ward`, []string{columns}, "the custodian parts people by the column, and is told by which values"},
	{`^stdout of geneva: approval show `, []string{holders}, "who decides on a question is shown who asks it"},
	{`^stdout of (geneva: count |the sweep: locus-node count f1)`, []string{alleles}, "the custodian counts a file, and sees its alleles"},
}

// Everything that the three programs write, keep and send is looked through, while every one of
// their commands is run, in order and with what is wrong.
func TestNothingOfAPersonAndNoKeyComesOut(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the programs and runs a network")
	}
	h := newHouse(t)
	h.party("locus-node", sites...)
	h.party("locus-coordinator", "c1", "c2")
	h.party("locus", "alice", "bob", "carol")
	golden, err := filepath.Abs(filepath.Join("..", "..", "audit", "verify", "testdata", "golden"))
	if err != nil {
		t.Fatal(err)
	}
	h.vars["GOLDEN"] = golden
	planted := h.plant()
	for _, chapter := range []func(*house) []canary.Canary{
		aloneWithFiles, theCoordinator, theSites, theCustodians, theStudy, theAnswers, theTables, thePassports, thePeople, theFaults, theSweep, theEnd,
	} {
		began := time.Now()
		planted = append(planted, chapter(h)...)
		t.Logf("%5.1f s  %s", time.Since(began).Seconds(), runtime.FuncForPC(reflect.ValueOf(chapter).Pointer()).Name())
	}
	for path := range h.tree {
		if !h.ran[path] {
			t.Errorf("%q is not run: add a line with it to story_test.go", path)
		}
	}
	h.judge(planted)
}

// judge looks through all that was seen.
func (h *house) judge(planted []canary.Canary) {
	h.t.Helper()
	scanner, err := canary.New(planted...)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, fault := range faults(scanner, rules, h.seen) {
		h.t.Error(fault)
	}
	total := 0
	for _, s := range h.seen {
		total += len(s.bytes)
	}
	h.t.Logf("%d canaries, %d places, %d bytes", len(planted), len(h.seen), total)
}

// faults are what came out and no rule lets, and rules that let nothing.
func faults(scanner *canary.Scanner, rules []rule, all []seen) (list []string) {
	used := make([]bool, len(rules))
	for _, s := range all {
		for _, hit := range scanner.Find(s.bytes) {
			i := slices.IndexFunc(rules, func(r rule) bool {
				return slices.Contains(r.what, hit.Name) && regexp.MustCompile(r.where).MatchString(s.where)
			})
			if i >= 0 {
				used[i] = true
				continue
			}
			list = append(list, fmt.Sprintf("%s: %s", s.where, hit))
		}
	}
	for i, u := range used {
		if !u {
			list = append(list, fmt.Sprintf("the rule for %s is not needed: take it away", rules[i].where))
		}
	}
	return list
}

// What no rule lets out is a fault, what one lets out is none, and a rule that lets nothing
// out is one.
func TestOnlyWhatARuleLetsOutComesOut(t *testing.T) {
	scanner, err := canary.New(canary.Canary{Name: persons, Bytes: []byte(personStem)}, canary.Canary{Name: samples, Bytes: []byte(sampleStem)})
	if err != nil {
		t.Fatal(err)
	}
	some := []rule{{"^stdout of geneva: show", []string{samples}, "he asks"}, {"^stdout of lyon", []string{samples}, "nobody asks"}}
	got := faults(scanner, some, []seen{
		{"stdout of geneva: show", []byte(sampleStem + "ge001 " + personStem + "ge001")}, {"log of geneva", []byte("why=" + sampleStem)}, {"log of lyon", []byte("nothing")},
	})
	want := []string{
		"stdout of geneva: show: ids of people, as it is, at byte 16", "log of geneva: names of samples, as it is, at byte 4",
		"the rule for ^stdout of lyon is not needed: take it away",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("faults (-want +got):\n%s", d)
	}
}

// aloneWithFiles needs no network.
func aloneWithFiles(h *house) []canary.Canary {
	h.run("geneva", 0, "count $GENEVA")
	h.run("geneva", 0, "count $GENEVA_GZ --samples $GENEVA_TSV --strata ward --out out.acount")
	for _, file := range []string{"CUT_VCF", "CUT_GZ", "BENT_GZ", "BAD_CALL", "BAD_POS", "TWO_SAMPLES"} {
		h.run("geneva", 3, "count $"+file)
		h.run("geneva", 3, "count $"+file+" --geno-counts")
	}
	for _, table := range badTables {
		h.run("geneva", 3, "count $GENEVA --samples $"+table)
	}
	h.run("geneva", 6, "count $NOTHING")
	h.run("geneva", 2, "count $GENEVA --samples $GENEVA_TSV --where 'ward == '")
	h.run("geneva", 0, "cohort scan $GENEVA --samples $GENEVA_TSV")
	for _, file := range []string{"NAMED_VCF", "NAMED_SAMPLE"} {
		h.run("geneva", 3, "cohort scan $"+file+" --samples $NAMED_TSV")
		h.run("geneva", 3, "cohort scan $"+file+" -o json")
	}
	h.run("geneva", 2, "parse < $GENEVA")
	h.run("geneva", 0, "panel build $PANEL --assembly GRCh38 --out study.panel")
	h.run("geneva", 0, "panel show study.panel --region 22")
	h.run("geneva", 3, "panel build $GENEVA_TSV --assembly GRCh38 --out no.panel")
	h.run("geneva", 2, "panel show $GENEVA_TSV")
	h.run("geneva", 0, "policy pack list")
	h.run("geneva", 0, "policy pack show eu-general --out eu")
	h.run("geneva", 6, "policy pack show mars")
	h.run("geneva", 0, "policy lint eu")
	h.run("geneva", 0, "policy test eu")
	h.run("geneva", 0, "policy diff eu eu eu/cases.json")
	h.run("geneva", 1, "policy test eu $BAD_CASES")
	h.run("geneva", 3, "policy lint $GENEVA_TSV")
	h.run("geneva", 3, "policy ontology $GENEVA_TSV")
	h.run("geneva", 6, "status")
	h.run("alice", 0, "synth made --sites 1 --people 20 --variants 10")
	h.run("alice", 0, "viewer")
	return nil
}

// badTables are sample tables with something wrong, and somebody named where it is.
var badTables = []string{"BAD_SEX", "LONG_ROW", "NO_COLUMN", "TWICE", "STRANGER", "NO_UTF8"}

// theCoordinator makes a member and runs it behind the taps.
func theCoordinator(h *house) []canary.Canary {
	api, net := freePort(h.t), freePort(h.t)
	tapped := freePort(h.t)
	line := fmt.Sprintf("init --name c1 --listen /ip4/127.0.0.1/tcp/%d --api 127.0.0.1:%d --advertise https://127.0.0.1:%d", net, api, tapped)
	h.run("c1", 0, line)
	h.run("c1", 1, line)
	h.run("c2", 6, "run")
	h.run("c2", 6, "audit show")
	h.tapAPI(h.member(), tapped)
	h.start("c1", "c1", "run --log-level debug")
	h.await("c1", "serves")
	h.run("c1", 0, "cluster status")
	h.run("c1", 6, "study show demo")
	h.run("c1", 1, "study propose $JSON")
	h.run("c1", 1, "study propose $GENEVA")
	return nil
}

// member is the coordinator's.
func (h *house) member() *coordinator.Home {
	h.t.Helper()
	home, err := coordinator.LoadHome(h.path("c1"))
	if err != nil {
		h.t.Fatal(err)
	}
	return home
}

var fiveWords = regexp.MustCompile(`(?m)^ {4}([a-z]+(?: [a-z]+){4})$`)

// theSites join, each through the taps.
func theSites(h *house) (planted []canary.Canary) {
	address := fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", freePort(h.t))
	h.vars["ADDRESS"] = address
	for _, site := range sites {
		upper := strings.ToUpper(site)
		token := h.run("c1", 0, "site invite "+site)
		planted = append(planted, tokenSecret(h.t, token))
		h.vars["TOKEN"] = through(h.t, token, protocol.SiteToken, address)
		h.vars["BENT"] = token[:len(token)-5] + "AAAAA"
		h.vars["CUT"] = token[:len(token)/2]
		who := "--name " + site + " --organisation 'Hospital of " + site + "' --country CH --region eu"
		h.run(site, 0, "init "+who)
		h.run(site, 1, "init "+who)
		h.run(site, 1, "join $BENT")
		h.run(site, 1, "join $CUT")
		h.run(site, 6, "study show demo")
		words := fiveWords.FindStringSubmatch(h.run(site, 0, "join $TOKEN"))
		h.run("c1", 0, "site list")
		h.run("c1", 1, "site approve "+site+" --words 'one two three four five'")
		h.run("c1", 0, "site approve "+site+" --words '"+words[1]+"'")
		h.run(site, 0, "join $TOKEN")
		h.run(site, 6, "cohort show everyone")
		add := "cohort add everyone $" + upper + " --samples $" + upper + "_TSV --where 'ward == \"" + ward + "\"'"
		if site == "torino" {
			add += " --no-store"
		}
		h.run(site, 0, add)
		h.run(site, 0, "consent import $"+upper+"_CONSENTS --unnamed leave-out")
		h.run(site, 0, "status")
	}
	h.run("geneva", 1, "join $TOKEN") // of torino
	h.tapCalls(h.member(), address, sites...)
	return planted
}

// theCustodians do and mistake what they can before anybody asks.
func theCustodians(h *house) (planted []canary.Canary) {
	for _, table := range badTables {
		h.run("geneva", 3, "cohort add other $GENEVA --samples $"+table)
	}
	for _, file := range []string{"CUT_VCF", "CUT_GZ", "BENT_GZ", "BAD_CALL", "BAD_POS", "TWO_SAMPLES", "NAMED_VCF", "GENEVA_TSV"} {
		h.run("geneva", 3, "cohort add other $"+file+" --samples $GENEVA_TSV")
	}
	h.run("geneva", 3, "cohort add other $GENEVA --samples $NAMED_TSV --personal-data drop")
	h.run("geneva", 3, "cohort add other $GENEVA --samples $GENEVA_TSV --where 'wart == 1'")
	h.run("geneva", 3, "cohort add other $GENEVA --samples $GENEVA_TSV --where 'ward == \"nobody\"'")
	h.run("geneva", 3, "cohort add other $GENEVA --samples $GENEVA_TSV --callable $GENEVA_TSV")
	h.run("geneva", 3, "cohort add other $GENEVA --samples $GENEVA_TSV --reference $GENEVA_TSV")
	h.run("geneva", 0, "cohort add dropped $NAMED_VCF --samples $GENEVA_TSV --personal-data drop")
	h.run("geneva", 0, "cohort list")
	h.run("geneva", 0, "cohort list -o json")
	h.run("geneva", 0, "cohort show everyone")
	h.run("geneva", 0, "cohort show everyone --samples")
	h.run("geneva", 0, "cohort check everyone")
	h.run("geneva", 3, "cohort update everyone $GENEVA")
	h.run("geneva", 3, "cohort update everyone $CUT_VCF")
	h.run("geneva", 0, "cohort terms dropped HMB")
	h.run("geneva", 0, "cohort terms dropped")
	h.run("geneva", 3, "cohort terms dropped $JSON")
	h.run("geneva", 0, "cohort remove dropped")
	h.run("geneva", 0, "count --cohort everyone")
	h.run("geneva", 0, "panel coverage study.panel --cohort everyone")

	for _, table := range []string{"BAD_STATUS", "BAD_DUO", "BAD_STUDY", "NO_NAMES", "TWICE_TOLD", "GENEVA_TSV", "GENEVA"} {
		h.run("geneva", 3, "consent import $"+table)
	}
	h.run("geneva", 0, "consent show")
	h.run("geneva", 0, "consent show "+personStem+"ge001 --use health")
	h.run("geneva", 0, "consent show "+personStem+"ge999")
	h.run("geneva", 0, "consent withdraw "+personStem+"ge002")
	h.run("geneva", 0, "consent withdraw - < $LIST")
	h.run("geneva", 0, "consent confirm")
	h.run("geneva", 3, "consent diseases $GENEVA_TSV")

	h.vars["DORA"] = filepath.Join(h.in, "dora.key")
	h.vars["DORA_CARD"] = h.input("dora.json", h.run("geneva", 0, "officer key $DORA --name 'Dora Example'"))
	planted = append(planted, h.officerKey("DORA"))
	h.vars["MAX"] = filepath.Join(h.in, "max.key")
	h.vars["MAX_CARD"] = h.input("max.json", h.run("geneva", 0, "officer key $MAX --name 'Max Example'"))
	planted = append(planted, h.officerKey("MAX"))
	h.vars["CUT_KEY"] = h.input("cut.key", h.read("DORA")[:70])
	h.run("geneva", 1, "officer key $DORA --name 'Dora Example'")
	h.run("geneva", 2, "officer add $DORA --role dpo")
	h.run("geneva", 2, "officer add $JSON --role dpo")
	h.run("geneva", 0, "officer add $DORA_CARD --role dpo")
	h.run("geneva", 2, "officer rule $JSON")
	h.run("geneva", 0, "officer rule 'steward + dpo'")
	h.run("geneva", 0, "officer list")
	h.run("geneva", 3, "officer remove 'Dora Example'") // the rule needs her
	h.run("geneva", 0, "officer add $MAX_CARD --role ethics")
	id := h.motion("geneva")
	h.run("geneva", 3, "approval grant "+id+" --key $MAX")
	h.run("geneva", 2, "approval grant "+id+" --key $GENEVA_TSV")
	h.run("geneva", 2, "approval grant "+id+" --key $CUT_KEY")
	h.run("geneva", 6, "approval grant "+id+" --key $NOTHING")
	h.run("geneva", 0, "approval refuse "+id+" --key $DORA")
	h.run("geneva", 0, "officer rule steward")
	h.run("geneva", 0, "approval grant "+h.motion("geneva")+" --key $DORA")
	h.run("geneva", 0, "approval list --all")
	h.run("geneva", 0, "officer remove 'Dora Example'")
	h.run("geneva", 6, "policy show")
	return planted
}

// motion is the one thing that waits for people.
func (h *house) motion(site string) (id string) {
	h.t.Helper()
	h.until("something that waits for people", func() bool {
		for line := range strings.Lines(h.run(site, 0, "approval list")) {
			if id, _, _ = strings.Cut(line, " "); id != "ID" {
				return true
			}
		}
		return false
	})
	return id
}

// theStudy is agreed on by everybody, and the nodes run.
func theStudy(h *house) []canary.Canary {
	for _, who := range []string{"alice", "bob"} {
		h.input(who+".json", h.run(who, 0, "init --name '"+who+" Example' --organisation 'Example University'"))
	}
	h.run("alice", 1, "key new --name Alice --organisation 'Example University'")
	h.run("alice", 0, "whoami")
	h.run("alice", 0, "key show")
	secret := canary.Canary{Name: words, Bytes: []byte(h.run("alice", 0, "key backup"))}
	h.vars["WORDS"] = h.input("words.txt", string(secret.Bytes))
	h.vars["OTHER_WORDS"] = h.input("other-words.txt", strings.Replace(string(secret.Bytes), " ", " abandon ", 1))
	h.run("carol", 1, "key restore $OTHER_WORDS --name Alice --organisation 'Example University'")
	h.run("carol", 0, "key restore $WORDS --name Alice --organisation 'Example University'")
	proposal, err := json.Marshal(map[string]any{
		"study": "demo", "title": "Allele frequencies", "sites": sites, "researchers": []string{"alice.json"}, "modes": []string{"exact", "dp"},
		"cohorts": []map[string]any{{"name": "everyone", "minimum": 20}},
		"panels":  []map[string]any{{"name": "panel", "assembly": "GRCh38", "file": "panel.txt"}},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.vars["STUDY"] = h.input("study.json", string(proposal))
	h.run("c1", 0, "study propose $STUDY")
	h.run("c1", 1, "study token demo")
	h.vars["FEED"] = filepath.Join(h.in, "feed")
	if err := os.Mkdir(h.vars["FEED"], 0o700); err != nil {
		h.t.Fatal(err)
	}
	for _, site := range sites {
		line := "run --log-level debug"
		if site == "geneva" {
			line += " --consent-folder $FEED --consent-listen 127.0.0.1:0"
		}
		h.start(site, site, line)
		h.run(site, 0, "study show demo")
		h.run(site, 3, "study accept demo")
		h.run(site, 0, "study accept demo --yes")
		h.run(site, 0, "study list")
		h.run(site, 0, "study report demo on")
		h.run(site, 0, "release grant demo everyone --all --days 30")
		h.run(site, 0, "release list")
		h.run(site, 0, "budget allow --people --epsilon 16 --delta 1e-6")
		h.run(site, 0, "budget allow demo everyone --epsilon 12 --delta 1e-7")
	}
	h.run("geneva", 1, "run") // a second process
	h.run("c1", 0, "study open demo")
	h.run("c1", 0, "study show demo")
	h.vars["STUDY_TOKEN"] = through(h.t, h.run("c1", 0, "study token demo"), protocol.StudyToken, h.vars["ADDRESS"])
	h.run("alice", 1, "study join $TOKEN") // of a site
	h.run("alice", 0, "study join $STUDY_TOKEN")
	h.run("bob", 0, "study join $STUDY_TOKEN")
	h.run("alice", 0, "study list")
	h.run("alice", 0, "study show demo")
	h.run("bob", 5, "study show demo")
	return []canary.Canary{secret}
}

// ask begins a question.
const ask = "af --study demo --cohort everyone --use health "

// theAnswers are asked for, exactly and privately.
func theAnswers(h *house) []canary.Canary {
	h.run("alice", 0, "explain "+ask)
	h.run("alice", 0, "run "+ask+"-o tsv")
	h.run("alice", 0, "run "+ask+"--mode dp --epsilon 1 --region 22:20000000-20005000 -o json")
	h.run("alice", 1, "run "+ask+"--variants $GENEVA_TSV")
	h.run("alice", 1, "run "+ask+"--gene x --genes $GENEVA_TSV")
	h.run("alice", 1, "run af --study demo --cohort nobody --use health")
	h.run("alice", 6, "run "+ask+"--passport $NOTHING")
	h.run("alice", 0, "task list")
	h.run("geneva", 0, "preview --study demo --cohort everyone")
	h.run("geneva", 1, "preview --study demo $GENEVA")
	h.run("geneva", 0, "budget attack --study demo --cohort everyone")
	h.run("geneva", 0, "budget show")
	h.run("geneva", 0, "budget ledger")
	h.run("geneva", 3, "budget accept-loss --reason none")
	h.run("geneva", 3, "release revoke 0123456789ab")
	h.run("geneva", 0, "release reopen demo everyone agreed")
	h.run("lyon", 0, "release import agreed")
	h.run("lyon", 3, "release import $GENEVA_TSV")
	return nil
}

// firstTask is the newest question's.
func (h *house) firstTask() string {
	h.t.Helper()
	id, _, _ := strings.Cut(h.run("alice", 0, "task list"), " ")
	return id
}

// theTables are published.
func theTables(h *house) []canary.Canary {
	task := h.firstTask()
	for _, line := range []string{"task show ", "task watch ", "task why ", "result open "} {
		h.run("alice", 0, line+task)
	}
	h.run("alice", 0, "result export "+task+" --sealed answer.locus")
	table := h.run("alice", 0, "result publish "+task+" --title 'what was found'")
	for _, site := range sites {
		h.run(site, 0, "release pending")
		h.run(site, 0, "release approve "+table+" --yes")
	}
	h.run("alice", 0, "table list demo")
	h.run("alice", 0, "table get "+table+" --study demo --signed table.locus")
	h.run("alice", 0, "table verify table.locus --study demo")
	h.run("alice", 8, "table verify $GENEVA_TSV")
	h.run("geneva", 0, "release refuse "+table+" --yes")
	h.run("c1", 0, "audit show")
	h.vars["AUDITED"] = h.input("c1.policy", h.run("c1", 0, "audit export-policy")+"\n")
	h.run("alice", 0, "audit verify --policy $GOLDEN/policy $GOLDEN")
	h.run("alice", 2, "audit verify --policy $GENEVA_TSV "+h.path("c1", "audit"))
	h.run("alice", 8, "audit verify --policy $AUDITED $GENEVA_TSV")
	return nil
}

// thePassports are believed, and not.
func thePassports(h *house) []canary.Canary {
	planted := h.govern()
	h.run("geneva", 3, "policy apply $TORN")
	h.run("geneva", 1, "policy apply $BAD_TRUST")
	h.run("geneva", 0, "policy apply $OPEN")
	h.run("geneva", 0, "policy show")
	h.run("alice", 0, "run "+ask+"--passport $PASSPORT --region 22:20000000-20001000 --mode dp --epsilon 0.5")
	h.run("alice", 3, "run "+ask+"--passport $FORGED --region 22:20000000-20002000 --mode dp --epsilon 0.5")
	h.run("alice", 2, "run "+ask+"--passport $GENEVA_TSV --region 22:20000000-20003000 --mode dp --epsilon 0.5")
	h.run("geneva", 0, "policy replay $ASKING")
	return planted
}

// thePeople decide.
func thePeople(h *house) []canary.Canary {
	h.run("geneva", 0, "policy apply $ASKING")
	for i, say := range []string{"grant", "refuse"} {
		task := h.run("alice", 0, "run "+ask+fmt.Sprintf("--passport $PASSPORT --region 22:20000000-2000%d000 --mode dp --epsilon 0.5 --detach", 4+i))
		id := h.motion("geneva")
		h.run("geneva", 0, "approval show "+id+" --bytes")
		h.run("geneva", 0, "approval "+say+" "+id)
		h.run("alice", []int{0, 3}[i], "task watch "+task)
	}
	h.run("geneva", 0, "policy apply $OPEN")
	h.run("geneva", 0, "freeze")
	task := h.run("alice", 0, "run "+ask+"--region 22:20000000-20006000 --mode dp --epsilon 0.5 --detach")
	h.run("alice", 0, "task show "+task)
	h.run("geneva", 0, "thaw")
	h.run("alice", 0, "task watch "+task)
	theLog(h)
	return nil
}

// theLog is what a site shows of itself, and finds odd.
func theLog(h *house) {
	h.run("geneva", 0, "audit show")
	h.run("geneva", 0, "audit show -o json")
	h.run("geneva", 0, "audit fsck")
	h.run("geneva", 0, "audit prove 0 --out first.tlog-proof")
	h.run("geneva", 2, "audit prove $GENEVA_TSV")
	h.vars["LOG_POLICY"] = h.input("log.policy", "#\n"+h.run("geneva", 0, "audit policy"))
	h.vars["GENEVA_LOG"] = h.path("geneva", "audit")
	h.run("geneva", 0, "audit export --out geneva.zip")
	h.run("alice", 0, "audit show --policy $LOG_POLICY --allow-unknown $GENEVA_LOG")
	h.run("geneva", 0, "finding list")
	h.run("geneva", 0, "finding list -o json")
	h.run("geneva", 0, "finding config")
	h.run("geneva", 2, "finding config $JSON")
	h.run("geneva", 3, "finding thaw 000000000000")
	h.run("geneva", 6, "notify test")
	h.run("geneva", 0, "key list")
	h.run("geneva", 0, "key policy")
}

// theLeave is what a site ends, while it does not serve.
func theLeave(h *house) {
	h.run("lyon", 0, "key rotate --erase")
	keys := strings.Fields(h.run("lyon", 0, "key list"))
	at := slices.Index(keys, "STATE")
	h.run("lyon", 0, "key revoke "+keys[at+1])
	h.run("lyon", 3, "key revoke $GENEVA_TSV")
	h.run("lyon", 0, "study leave demo --yes")
	h.run("lyon", 6, "study leave mars --yes")
	h.run("lyon", 0, "cohort erase everyone --yes --out erased.json")
	h.run("lyon", 6, "cohort erase nobody --yes")
}
