package canary_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/internal/canary"
	"github.com/locus-genomics/locus/node/passport"
	"github.com/locus-genomics/locus/node/passport/issuer"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/researcher"
)

// What is planted. None is a word or a name that a file without it would have.
const (
	personStem  = "pk7vqx2mzw"  // begins every person_id
	sampleStem  = "sj4tbq8hxd"  // and every name of a sample
	ward        = "wq9rkz3vblx" // a value of a column, which a filter asks for
	birthName   = "Zdeňka Quörvenik"
	birthDate   = "1931-08-27"
	info        = "nt3vgq7kzwm"              // in INFO of a row
	variantName = "id8xwq5tjrnb"             // an ID of a row
	allele      = "GATTCAGGCTTAACGCATGGTCCA" // an ALT that one person has, and no panel
	folder      = "loc6wmx9rtqh"             // where the data are
	fileStem    = "fn3wqz8kxv-"              // begins the names of the files
	environment = "ev2kqz9mxtw4h"            // a variable that is none of ours
	subject     = "sub5jzqk8wvx"             // whose passport it is
)

// Names of what is planted, as rules name them.
const (
	persons   = "ids of people"
	samples   = "names of samples"
	columns   = "values of columns"
	identity  = "a person's name or date of birth"
	rows      = "what stands in rows beside genotypes"
	alleles   = "the allele of one person"
	genotypes = "genotypes"
	paths     = "where the data are"
	settings  = "the environment"
	keys      = "keys"
	words     = "a researcher's 24 words"
	tokens    = "secrets of join tokens"
	passports = "passports"
	holders   = "holders of passports"
	officers  = "an officer's key"
	bearers   = "the token of the feed of consents"
)

var sites = []string{"geneva", "lyon", "torino"}

// perSite is how many people a site has, and variants how many the panel has.
const (
	perSite  = 40
	variants = 24
)

// input is a file below the inputs, and its path in lines.
func (h *house) input(name, text string) string {
	h.t.Helper()
	path := filepath.Join(h.in, folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return path
}

// plant writes the inputs of every site, and returns what must not come out of them.
func (h *house) plant() (planted []canary.Canary) {
	h.t.Helper()
	add := func(name string, b ...byte) { planted = append(planted, canary.Canary{Name: name, Bytes: b}) }
	for name, texts := range map[string][]string{
		persons: {personStem}, samples: {sampleStem}, columns: {ward}, identity: {birthName, birthDate, "Quörvenik"}, rows: {info, variantName},
		alleles: {allele}, paths: {folder, fileStem}, settings: {environment}, holders: {subject},
	} {
		for _, text := range texts {
			add(name, []byte(text)...)
		}
	}
	dice := rand.New(rand.NewPCG(1, 2))
	var panel strings.Builder
	for v := range variants {
		fmt.Fprintf(&panel, "22\t%d\tA\tG\n", 20_000_000+1000*v)
	}
	h.vars["PANEL"] = h.input("panel.txt", panel.String())
	for _, site := range sites {
		vcf, dosages := siteVCF(site, dice)
		for _, row := range dosages {
			// 16 people's genotypes are another's by chance once in 3^16 places.
			add(genotypes, []byte(calls(row[8:24], "\t"))...)
			add(genotypes, row[:]...)
			add(genotypes, []byte(calls(row[8:24], " "))...)
			add(genotypes, packed(row)...)
		}
		upper := strings.ToUpper(site)
		h.vars[upper] = h.input(fileStem+site+".vcf", vcf)
		h.vars[upper+"_GZ"] = h.input(fileStem+site+".vcf.gz", zipped(h.t, vcf))
		h.vars[upper+"_TSV"] = h.input(fileStem+site+".tsv", sampleTable(site))
		h.vars[upper+"_CONSENTS"] = h.input(fileStem+site+"-consents.tsv", consents(site, 3))
	}
	h.spoil()
	return planted
}

// siteVCF is a site's people, and the dosages of the rows that are planted.
func siteVCF(site string, dice *rand.Rand) (vcf string, planted [][perSite]byte) {
	var b strings.Builder
	b.WriteString("##fileformat=VCFv4.2\n##contig=<ID=22,length=50818468,assembly=GRCh38>\n##INFO=<ID=NOTE,Number=1,Type=String,Description=\"note\">\n" +
		"##FORMAT=<ID=GT,Number=1,Type=String,Description=\"GT\">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	for i := range perSite {
		fmt.Fprintf(&b, "\t%s%s%03d", sampleStem, site[:2], i)
	}
	b.WriteByte('\n')
	row := func(pos int, alt string, gt [perSite]byte) {
		fmt.Fprintf(&b, "22\t%d\t%s\tA\t%s\t.\tPASS\tNOTE=%s\tGT\t%s\n", pos, variantName, alt, info, calls(gt[:], "\t"))
	}
	for v := range variants {
		var gt [perSite]byte
		for i := range gt {
			gt[i] = byte(dice.IntN(3))
		}
		gt[3] = 3 // one person of whom nothing is known
		if v%6 == 0 {
			planted = append(planted, gt)
		}
		row(20_000_000+1000*v, "G", gt)
	}
	var one [perSite]byte
	one[17] = 1
	row(30_000_000, allele, one)
	return b.String(), planted
}

// calls are genotypes as a VCF has them.
func calls(dosages []byte, between string) string {
	list := make([]string, len(dosages))
	for i, d := range dosages {
		list[i] = [...]string{"0/0", "0/1", "1/1", "./."}[d]
	}
	return strings.Join(list, between)
}

// packed are genotypes as a bed has them.
func packed(dosages [perSite]byte) []byte {
	b := make([]byte, perSite/4)
	for i, d := range dosages {
		b[i/4] |= [...]byte{3, 2, 0, 1}[d] << (2 * (i % 4))
	}
	return b
}

func sampleTable(site string) string {
	var b strings.Builder
	b.WriteString("sample_id\tperson_id\tsex\tward\n")
	for i := range perSite {
		fmt.Fprintf(&b, "%s%s%03d\t%s%s%03d\tfemale\t%s\n", sampleStem, site[:2], i, personStem, site[:2], i, ward)
	}
	return b.String()
}

// consents is a table in which the last few have withdrawn.
func consents(site string, withdrawn int) string {
	var b strings.Builder
	b.WriteString("person_id\tstatus\tduo\n")
	for i := range perSite {
		status := "given"
		if i >= perSite-withdrawn {
			status = "withdrawn"
		}
		fmt.Fprintf(&b, "%s%s%03d\t%s\t\n", personStem, site[:2], i, status)
	}
	return b.String()
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	z := bgzf.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// spoil writes what is wrong in many ways, with names and numbers of people where it is wrong.
func (h *house) spoil() {
	vcf, table := h.read("GENEVA"), h.read("GENEVA_TSV")
	second := strings.Index(table, "\n") + 1
	firstRow := strings.Index(vcf, "\n22\t") + 1
	zip := h.read("GENEVA_GZ")
	for name, text := range map[string]string{
		"CUT_VCF":      vcf[:firstRow+200],
		"CUT_GZ":       zip[:len(zip)*2/3],
		"BENT_GZ":      zip[:len(zip)/2] + "\xff\x00" + zip[len(zip)/2+2:],
		"BAD_CALL":     strings.Replace(vcf, "\t0/1\t", "\t0/"+info+"\t", 1),
		"BAD_POS":      strings.Replace(vcf, "\n22\t", "\n22\t"+info, 1),
		"TWO_SAMPLES":  strings.ReplaceAll(vcf, sampleStem+"ge001", sampleStem+"ge002"),
		"NAMED_VCF":    strings.Replace(vcf, "##contig", "##SAMPLE=<ID=x,Name=\""+birthName+"\",DOB="+birthDate+">\n##contig", 1),
		"NAMED_SAMPLE": strings.Replace(vcf, "\t"+sampleStem+"ge001", "\t"+birthName, 1),
		"NAMED_TSV":    strings.Replace(strings.Replace(table, "ward\n", "ward\tpatient_name\tdate_of_birth\n", 1), "\t"+ward+"\n", "\t"+ward+"\t"+birthName+"\t"+birthDate+"\n", 1),
		"BAD_SEX":      strings.Replace(table, "female", ward, 1),
		"RENAMED":      strings.Replace(table, "ward\n", birthName+"\n", 1),
		"LONG_ROW":     strings.Replace(table, ward+"\n", ward+"\t"+birthName+"\n", 1),
		"NO_COLUMN":    table[second:],
		"TWICE":        table + table[second:strings.Index(table[second:], "\n")+second+1],
		"STRANGER":     table + sampleStem + "xx999\t" + personStem + "xx999\tfemale\t" + ward + "\n",
		"NO_UTF8":      table + sampleStem + "ge\xff\t" + personStem + "\tfemale\t" + ward + "\n",
		"BAD_STATUS":   "person_id\tstatus\n" + personStem + "ge001\tgiven\n" + personStem + "ge002\t" + birthName + "\n",
		"BAD_DUO":      "person_id\tstatus\tduo\n" + personStem + "ge001\tgiven\t" + ward + "\n",
		"BAD_STUDY":    "person_id\tstatus\tduo\tstudies\n" + personStem + "ge001\tgiven\t\t" + birthName + "\n",
		"NO_NAMES":     personStem + "ge001\tgiven\t" + personStem + "ge001\n",
		"TWICE_TOLD":   "person_id\tstatus\n" + personStem + "ge001\tgiven\n" + personStem + "ge001\twithdrawn\n",
		"LIST":         personStem + "ge002\n\n" + personStem + "zz999\n",
		"JSON":         `{"study": "` + ward + `", "` + personStem + `ge001": "` + birthName + `"}`,
		"BAD_CASES":    `{"apiVersion": "locus/v1", "facts": {}, "cases": [{"name": "a", "facts": {"researcher": "` + personStem + `ge001"}, "want": "allow"}]}`,
	} {
		h.vars[name] = h.input("bad/"+fileStem+strings.ToLower(name)+extension(name), text)
	}
	h.vars["NOTHING"] = filepath.Join(h.in, folder, "nothing")
}

// extension is what a file's name ends in.
func extension(name string) string {
	switch {
	case strings.HasSuffix(name, "_GZ"):
		return ".vcf.gz"
	case strings.HasSuffix(name, "JSON") || strings.HasSuffix(name, "CASES"):
		return ".json"
	}
	return ".txt"
}

func (h *house) read(name string) string {
	h.t.Helper()
	raw, err := os.ReadFile(h.vars[name])
	if err != nil {
		h.t.Fatal(err)
	}
	return string(raw)
}

// govern writes a policy for geneva that believes a broker, and passports of Alice.
func (h *house) govern() (planted []canary.Canary) {
	h.t.Helper()
	alice, err := researcher.Load(h.path("alice"))
	if err != nil {
		h.t.Fatal(err)
	}
	broker, err := issuer.New("https://broker.example", "k", "ES256")
	if err != nil {
		h.t.Fatal(err)
	}
	stranger, err := issuer.New("https://stranger.example", "k", "ES256")
	if err != nil {
		h.t.Fatal(err)
	}
	trust, err := json.Marshal(passport.Trust{Issuers: []passport.Issuer{{
		Issuer: broker.URL, JKU: broker.JKU(), Keys: issuer.KeySet(broker), Passports: true,
		Visas: []passport.VisaRule{{Type: passport.AffiliationAndRole, Sources: []string{"https://elsewhere.example"}}},
	}}})
	if err != nil {
		h.t.Fatal(err)
	}
	now := time.Now()
	for name, by := range map[string]*issuer.Issuer{"PASSPORT": broker, "FORGED": stranger} {
		visa := by.Visa(issuer.Visa{
			Subject: subject, Type: string(passport.AffiliationAndRole), Value: "faculty@elsewhere.example", Source: "https://elsewhere.example",
			By: string(passport.BySO), Asserted: now.Add(-time.Hour), Expires: now.Add(time.Hour),
		}, now)
		pass := by.Passport(subject, issuer.Object{"jkt": passport.Thumbprint(alice.Key().Public())}, now, visa)
		h.vars[name] = h.input(strings.ToLower(name)+".jwt", pass+"\n")
		for _, token := range []string{visa, pass} {
			parts := strings.Split(token, ".")
			planted = append(planted, canary.Canary{Name: passports, Bytes: []byte(parts[2][:40])}, canary.Canary{Name: passports, Bytes: []byte(parts[1][:60])})
		}
	}
	h.vars["OPEN"] = filepath.Dir(h.input("open/policy.cedar", `@id("open") permit (principal, action, resource);`))
	h.input("open/trust.json", string(trust))
	h.vars["ASKING"] = filepath.Dir(h.input("asking/policy.cedar", `@id("ask") @verdict("ask") permit (principal, action, resource);`))
	h.input("asking/trust.json", string(trust))
	h.vars["TORN"] = filepath.Dir(h.input("torn/policy.cedar", `@id("open") permit (principal == Person::"`+personStem+`ge001", action`))
	h.vars["BAD_TRUST"] = filepath.Dir(h.input("bad-trust/policy.cedar", `@id("open") permit (principal, action, resource);`))
	h.input("bad-trust/trust.json", `{"issuers": [{"issuer": "`+subject+`", "`+personStem+`": 1}], "people": [{"subject": "`+subject+`", "key": "`+personStem+`"}]}`)
	return planted
}

// secrets are the keys that the parties have made.
func (h *house) secrets() (planted []canary.Canary) {
	h.t.Helper()
	add := func(name string, b []byte) { planted = append(planted, canary.Canary{Name: name, Bytes: b}) }
	err := filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		switch {
		case filepath.Base(filepath.Dir(path)) == "keys":
			add(keys, raw[len(raw)-32:])
		case d.Name() == "keys.json":
			var seeds map[string][]byte
			if err := json.Unmarshal(raw, &seeds); err != nil {
				return err
			}
			for _, seed := range seeds {
				add(keys, seed)
			}
		case d.Name() == "tls.pem":
			for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
				if block.Type != "CERTIFICATE" {
					add(keys, block.Bytes[len(block.Bytes)/4:len(block.Bytes)/4+24])
				}
			}
		case d.Name() == "seed":
			seed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw)))
			if err != nil {
				return err
			}
			add(keys, seed)
		case d.Name() == "consent.token":
			token, err := hex.DecodeString(strings.TrimSpace(string(raw)))
			if err != nil {
				return err
			}
			add(bearers, token)
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if len(planted) < 20 {
		h.t.Fatalf("only %d keys were found", len(planted))
	}
	return planted
}

// officerKey is the seed in a file of officer key.
func (h *house) officerKey(name string) canary.Canary {
	h.t.Helper()
	block, _ := pem.Decode([]byte(h.read(name)))
	if block == nil {
		h.t.Fatal("no key of an officer")
	}
	return canary.Canary{Name: officers, Bytes: block.Bytes}
}

// tokenSecret is the secret of a token.
func tokenSecret(t *testing.T, text string) canary.Canary {
	t.Helper()
	token, err := protocol.ParseToken(text, protocol.SiteToken)
	if err != nil {
		t.Fatal(err)
	}
	return canary.Canary{Name: tokens, Bytes: token.Secret}
}
