package table

import "iter"

// Site is one place with all of its ALTs, as plink2's reports have it: lists of ALTs and
// of their numbers are joined by commas, and a site without ALT has ".".
type Site struct {
	Contig string
	Pos    uint32
	Ref    string
	Alts   []string
	// AC has one number an ALT.
	AC []int64
	AN int64
	// Genotypes are needed by Gcount alone.
	Genotypes Genotypes
}

// Genotypes is how many people have which genotype at a site.
type Genotypes struct {
	HomRef int64
	// Het is by ALT; TwoAlts by pair of ALTs, in the order 1/1, 1/2, 2/2, 1/3, ….
	Het, TwoAlts []int64
	HapRef       int64
	HapAlt       []int64 // by ALT
	Missing      int64
}

// Rows are the site's ALTs one by one; none for a site without ALT.
func (s *Site) Rows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for k := range s.Alts {
			if !yield(s.row(k)) {
				return
			}
		}
	}
}

func (s *Site) row(k int) Row {
	return Row{Contig: s.Contig, Pos: s.Pos, Ref: s.Ref, Alt: s.Alts[k], AC: s.AC[k], AN: s.AN}
}

// Form is a report that is written site by site, for who has several at once: first Head,
// then what Append makes of each site.
type Form struct {
	Head   string
	Append func(b []byte, s *Site) []byte
}

// Acount is what `plink2 --freq counts` writes, with the IDs of
// --set-all-var-ids @:#:$r:$a: CHROM:POS:REF:ALT with the first ALT.
func Acount() Form {
	return Form{"#CHROM\tID\tREF\tALT\tALT_CTS\tOBS_CT\n", func(b []byte, s *Site) []byte {
		b = appendList(s.appendPlace(b), s.AC, '\t')
		return appendNumber(b, s.AN, '\n')
	}}
}

// SiteAfreq is Acount with what `plink2 --freq` writes.
func SiteAfreq() Form {
	return Form{afreqHead, func(b []byte, s *Site) []byte {
		b = s.appendPlace(b)
		for k := range max(1, len(s.AC)) {
			r := Row{AN: s.AN}
			if k < len(s.AC) {
				r.AC = s.AC[k]
			}
			b = r.appendAF(comma(b, k), "nan")
		}
		return appendNumber(append(b, '\t'), s.AN, '\n')
	}}
}

// Gcount is Acount with what `plink2 --geno-counts` writes.
func Gcount() Form {
	const head = "#CHROM\tID\tREF\tALT\tHOM_REF_CT\tHET_REF_ALT_CTS\tTWO_ALT_GENO_CTS\tHAP_REF_CT\tHAP_ALT_CTS\tMISSING_CT\n"
	return Form{head, func(b []byte, s *Site) []byte {
		g := &s.Genotypes
		b = appendNumber(s.appendPlace(b), g.HomRef, '\t')
		b = appendList(b, g.Het, '\t')
		b = appendList(b, g.TwoAlts, '\t')
		b = appendNumber(b, g.HapRef, '\t')
		b = appendList(b, g.HapAlt, '\t')
		return appendNumber(b, g.Missing, '\n')
	}}
}

// SiteTSV is TSV, with a line for each ALT of a site.
func SiteTSV() Form {
	return Form{tsvHead, func(b []byte, s *Site) []byte {
		for k := range s.Alts {
			r := s.row(k)
			b = appendTSV(b, &r)
		}
		return b
	}}
}

// SiteVCF is the records of VCF, one for each ALT of a site. Its Head is that of VCFHead,
// for who learns the contigs from the sites.
func SiteVCF() Form {
	return Form{"", func(b []byte, s *Site) []byte {
		for k := range s.Alts {
			r := s.row(k)
			b = appendVCF(b, &r)
		}
		return b
	}}
}

// appendPlace writes the columns CHROM, ID, REF and ALT.
func (s *Site) appendPlace(b []byte) []byte {
	first := "."
	if len(s.Alts) > 0 {
		first = s.Alts[0]
	}
	b = appendText(b, s.Contig, '\t')
	b = appendText(b, s.Contig, ':')
	b = appendNumber(b, int64(s.Pos), ':')
	b = appendText(b, s.Ref, ':')
	b = appendText(b, first, '\t')
	b = appendText(b, s.Ref, '\t')
	if len(s.Alts) < 2 {
		return appendText(b, first, '\t')
	}
	b = append(b, first...)
	for _, alt := range s.Alts[1:] {
		b = append(append(b, ','), alt...)
	}
	return append(b, '\t')
}

// appendList writes numbers, 0 where there are none, and what ends them.
func appendList(b []byte, list []int64, end byte) []byte {
	if len(list) == 1 {
		return appendNumber(b, list[0], end)
	}
	if len(list) == 0 {
		return append(b, '0', end)
	}
	for _, n := range list[:len(list)-1] {
		b = appendNumber(b, n, ',')
	}
	return appendNumber(b, list[len(list)-1], end)
}

// comma stands before all but the first of a list.
func comma(b []byte, k int) []byte {
	if k > 0 {
		return append(b, ',')
	}
	return b
}
