package scan_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// The corpus is made from public facts: headers as the usual callers write them, numbers
// as countries make them (corpus_numbers_test.go), names that the scanner does not have.
// It was written before the rules. The rules were tuned on one seed, with one half of the
// names and without the forms that are marked held; the test runs with another seed, the
// other half of the names, and every form.

// plant is personal data that was put into a document.
type plant struct {
	sort   string // as scan.Sort prints it
	scheme string // of a national number
	part   string // "header", "sample", "file" or "table"
	at     int    // line of the header, number of the sample or file, column of the table, from 1
}

// document is what a cohort is taken in from.
type document struct {
	header  []string
	samples []string
	files   []string
	table   [][]string // the first line names the columns
	plants  []plant
}

// maker makes documents.
type maker struct {
	*rand.Rand
	held  bool // forms that are held out are made too, and names of the other half
	given []string
	last  []string
}

func newMaker(seed uint64, held bool) *maker {
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 0x6c6f637573)), held: held}
	half := func(list []string) []string {
		if held {
			return list[len(list)/2:]
		}
		return list[:len(list)/2]
	}
	m.given, m.last = half(strings.Fields(corpusGiven)), half(strings.Fields(corpusLast))
	return m
}

func (m *maker) one(of ...string) string { return of[m.IntN(len(of))] }

// digits are n of them, the first of which is no 0.
func (m *maker) digits(n int) string {
	b := []byte{byte('1' + m.IntN(9))}
	for len(b) < n {
		b = append(b, byte('0'+m.IntN(10)))
	}
	return string(b)
}

func (m *maker) hex(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789abcdef"[m.IntN(16)]
	}
	return string(b)
}

// fill replaces what stands in braces: {3} is so many digits, {h8} hexadecimal ones.
func (m *maker) fill(s string) string {
	for {
		from := strings.IndexByte(s, '{')
		if from < 0 {
			return s
		}
		to := from + strings.IndexByte(s[from:], '}')
		var n int
		word := ""
		if _, err := fmt.Sscanf(s[from:to+1], "{h%d}", &n); err == nil {
			word = m.hex(n)
		} else if _, err := fmt.Sscanf(s[from:to+1], "{%d}", &n); err == nil {
			word = m.digits(n)
		} else {
			word = m.word(s[from+1 : to])
		}
		s = s[:from] + word + s[to+1:]
	}
}

func (m *maker) word(what string) string {
	switch what {
	case "G":
		return m.one(m.given...)
	case "L":
		return m.one(m.last...)
	case "GU":
		return strings.ToUpper(m.one(m.given...))
	case "LU":
		return strings.ToUpper(m.one(m.last...))
	case "gl":
		return plainLower(m.one(m.given...))
	case "ll":
		return plainLower(m.one(m.last...))
	case "i":
		return plainLower(m.one(m.given...))[:1]
	case "I":
		return strings.ToUpper(plainLower(m.one(m.given...))[:1])
	case "today":
		return fmt.Sprintf("20%02d%02d%02d", 15+m.IntN(11), 1+m.IntN(12), 1+m.IntN(28))
	case "Today":
		return fmt.Sprintf("20%02d-%02d-%02d", 15+m.IntN(11), 1+m.IntN(12), 1+m.IntN(28))
	case "time":
		return fmt.Sprintf("%02d:%02d:%02d", m.IntN(24), m.IntN(60), m.IntN(60))
	case "sample":
		return m.sampleName()
	case "account":
		return m.one("ubuntu", "root", "ec2-user", "galaxy", "jenkins", "dnanexus", "runner", "cromwell", "nextflow", "bioinfo", "centos", "vagrant", "docker", "pipeline", "shared")
	case "date":
		return m.birthDate()
	case "mail":
		return m.mail()
	case "phone":
		return m.phone()
	}
	panic("the corpus has no " + what)
}

// plainLower writes a name as accounts and addresses do.
func plainLower(s string) string {
	return strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "é", "e", "è", "e", "ñ", "n", "ø", "o", "å", "a", "ł", "l", "ś", "s", "ć", "c",
		"í", "i", "á", "a", "ó", "o", "ç", "c", "ã", "a", "-", "", "'", "").Replace(strings.ToLower(s))
}

func (m *maker) birthDate() string {
	y, mo, d := 1921+m.IntN(100), m.IntN(12), 1+m.IntN(28)
	short := [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}[mo]
	german := [...]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"}[mo]
	french := [...]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}[mo]
	forms := []string{
		fmt.Sprintf("%d-%02d-%02d", y, mo+1, d), fmt.Sprintf("%02d.%02d.%d", d, mo+1, y), fmt.Sprintf("%02d/%02d/%d", d, mo+1, y),
		fmt.Sprintf("%02d/%02d/%d", mo+1, d, y), fmt.Sprintf("%d%02d%02d", y, mo+1, d), fmt.Sprintf("%d %s %d", d, short, y),
		fmt.Sprintf("%02d-%s-%d", d, strings.ToUpper(short), y), fmt.Sprintf("%d.%d.%d", d, mo+1, y), fmt.Sprintf("%02d-%02d-%d", d, mo+1, y),
	}
	if m.held {
		forms = append(forms, fmt.Sprintf("%s %d, %d", short, d, y), fmt.Sprintf("%d. %s %d", d, german, y), fmt.Sprintf("%d %s %d", d, french, y),
			fmt.Sprintf("%d/%02d/%02d", y, mo+1, d), fmt.Sprintf("%02d.%02d.%02d", d, mo+1, y%100))
	}
	return m.one(forms...)
}

func (m *maker) mail() string {
	return m.fill(m.one("{gl}.{ll}", "{i}{ll}", "{ll}", "{gl}_{ll}", "{gl}{2}", "{ll}.{gl}")) + "@" +
		m.one("hospital.example.org", "unige.ch", "charite.de", "gmail.com", "nhs.net", "med.uni-heidelberg.de", "ucl.ac.uk", "proton.me", "umcg.nl", "wp.pl", "orange.fr", "mayo.edu")
}

func (m *maker) phone() string {
	return m.fill(m.one("+41 22 {3} 46 12", "+41791{6}", "+49 6221 {6}", "+33 6 12 {2} 45 67", "+1-617-555-0{3}", "(617) 555-0{3}", "+44 20 7946 0{3}",
		"+39 02 {4} {4}", "+45 {2} {2} {2} {2}", "022 {3} 46 12", "030/{7}", "06 12 {2} 45 67", "0049 30 {6}", "617-555-0{3}", "020 7946 0{3}"))
}

// sampleName is one that tells nothing.
func (m *maker) sampleName() string {
	return m.fill(m.one("NA1{4}", "HG0{4}", "S-{4}", "SAMPLE_{3}", "TCGA-{2}-{4}-01A", "P{3}", "DNA{6}", "{5}_S{2}_L001", "Tumor_{3}", "Normal_{3}",
		"ERR{6}", "SRR{7}", "SAMEA{7}", "GM1{4}", "fam{2}_mother", "fam{2}_proband", "CHB_{2}", "WGS-{h8}", "{h32}", "A0{1}", "UKB_{7}", "LP{7}-DNA_A0{1}",
		"EGAN0000{7}", "{8}", "{10}", "0_{6}", "CEU_NA1{4}", "Blood_{3}", "Cell_Line_{2}", "K562", "HeLa_{2}", "BRCA_Tumor_{2}", "{h8}-{h4}-4{h3}-a{h3}-{h12}"))
}

// headers are what callers write, a caller each. The first and last lines are added.
func (m *maker) caller() []string {
	callers := [][]string{corpusGATK, corpusDeepVariant, corpusBcftools, corpusPlink, corpusDragen, corpusIon, corpusVEP, corpusStrelka}
	lines := append([]string(nil), callers[m.IntN(len(callers))]...)
	for range m.IntN(6) {
		lines = append(lines, m.one(corpusTricky...))
	}
	if m.held {
		for range m.IntN(4) {
			lines = append(lines, m.one(corpusTrickyHeld...))
		}
	}
	m.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	for i := range lines {
		lines[i] = m.fill(lines[i])
	}
	return lines
}

// document makes one, with personal data or clean.
func (m *maker) document(personal bool) document {
	d := document{header: []string{"##fileformat=VCFv4.2"}, files: []string{m.fill(m.one(corpusFiles...))}}
	d.header = append(d.header, m.caller()...)
	for c := range 3 + m.IntN(10) {
		d.header = append(d.header, m.fill(fmt.Sprintf("##contig=<ID=%s%d,length=%d,assembly=GRCh38,md5={h32},species=\"Homo sapiens\">", m.one("chr", ""), c+1, 1e6+m.IntN(2e8))))
	}
	seen := map[string]bool{}
	for len(d.samples) < 12+m.IntN(8) {
		if s := m.sampleName(); !seen[s] {
			seen[s] = true
			d.samples = append(d.samples, s)
		}
	}
	m.cleanTable(&d)
	if personal {
		for range 1 + m.IntN(3) {
			m.plantOne(&d)
		}
	}
	return d
}

// column appends a column to the table.
func (d *document) column(name string, value func() string) int {
	d.table[0] = append(d.table[0], name)
	for i := 1; i < len(d.table); i++ {
		d.table[i] = append(d.table[i], value())
	}
	return len(d.table[0])
}

func (m *maker) cleanTable(d *document) {
	d.table = make([][]string, 1+len(d.samples))
	at := 0
	d.column("sample_id", func() string { at++; return d.samples[at-1] })
	at = 0
	d.column("person_id", func() string { at++; return fmt.Sprintf("p%03d", at) })
	d.column("sex", func() string { return m.one("male", "female") })
	for range m.IntN(5) {
		c := corpusColumns[m.IntN(len(corpusColumns))]
		d.column(c[0], func() string { return m.fill(m.one(strings.Split(c[1], "|")...)) })
	}
}

// plantOne puts something personal somewhere.
func (m *maker) plantOne(d *document) {
	f := corpusPlants[m.IntN(len(corpusPlants))]
	for f.held && !m.held {
		f = corpusPlants[m.IntN(len(corpusPlants))]
	}
	p := plant{sort: f.sort, part: f.part}
	scheme := ""
	if f.sort == "national number" {
		n := m.IntN(len(corpusSchemes))
		scheme = corpusSchemes[n].name
		p.scheme = scheme
	}
	fill := func() string {
		text := f.text
		if scheme != "" {
			s := schemeNamed(scheme)
			text = strings.NewReplacer("{number}", s.make(m), "{label}", m.one(strings.Split(s.labels, "|")...)).Replace(text)
		}
		return m.fill(text)
	}
	switch f.part {
	case "header":
		// A line of its own, among the others.
		p.at = 2 + m.IntN(len(d.header)-1)
		for i := range d.plants {
			if d.plants[i].part == "header" && d.plants[i].at >= p.at {
				d.plants[i].at++
			}
		}
		d.header = append(d.header[:p.at-1], append([]string{fill()}, d.header[p.at-1:]...)...)
	case "sample":
		p.at = 1 + m.IntN(len(d.samples))
		if len(d.plants) > 0 { // one a name
			for _, q := range d.plants {
				if q.part == "sample" && q.at == p.at || q.part == "table" && q.at == 1 {
					return
				}
			}
		}
		d.samples[p.at-1] = strings.ReplaceAll(fill(), "\t", " ")
		d.table[p.at][0] = d.samples[p.at-1]
		d.plants = append(d.plants, plant{f.sort, scheme, "table", 1})
	case "file":
		if len(d.files) > 1 {
			return
		}
		d.files = append(d.files, fill())
		p.at = 2
	case "table":
		name, value, _ := strings.Cut(f.text, "\x00")
		if scheme != "" {
			name = strings.ReplaceAll(name, "{label}", m.one(strings.Split(schemeNamed(scheme).labels, "|")...))
		}
		f.text = value
		p.at = d.column(m.one(strings.Split(name, "|")...), fill)
	}
	d.plants = append(d.plants, p)
}
