package scan

import "bytes"

// homes are folders below which each user has one.
var homes = [][]byte{[]byte("home/"), []byte("Users/"), []byte(`Users\`), []byte("homes/")}

// paths looks for names of users and of patients in paths.
func (l *looker) paths() {
	if l.place.part == FileName || bytes.IndexByte(l.text, '/') < 0 && bytes.IndexByte(l.text, '\\') < 0 {
		return // the one who takes the files in has told where they are
	}
	for _, home := range homes {
		for from := 0; ; {
			i := bytes.Index(l.text[from:], home)
			if i < 0 {
				break
			}
			i += from
			from = i + len(home)
			if i > 0 && l.text[i-1] != '/' && l.text[i-1] != '\\' {
				continue
			}
			if end := l.account(from, 0); end > from && !l.isID(i) {
				l.homes = append(l.homes, stretch{from, end})
			}
		}
	}
}

// stretch is a part of a text.
type stretch struct{ from, to int }

// isID reports whether what ends at a byte is all of the ID of a line, so far: contigs keep
// theirs.
func (l *looker) isID(to int) bool {
	value := l.text[bytes.LastIndexAny(l.text[:to], "<,")+1 : to]
	return bytes.HasPrefix(value, []byte("ID="))
}

// atHome marks names that were found in those of users' folders. Other sorts are not: nobody
// is called by a number without a reason.
func (l *looker) atHome() {
	if l.place.part != Header {
		return
	}
	for i := range l.hits {
		h := &l.hits[i]
		for _, s := range l.homes {
			h.home = h.home || (h.sort == UserName || h.sort == PersonName) && h.at >= s.from && h.at < s.to
		}
	}
}

// account takes what stands at a byte for a user's name, unless it is nobody's, and says
// where it ends.
func (l *looker) account(at int, k Key) (end int) {
	end = at
	for end < len(l.text) && end-at < maxWord && (isLocal(l.text[end])) {
		end++
	}
	name := l.text[at:end]
	letters := 0
	for _, b := range name {
		if c := classes[b]; c != notWord && c != isDigit {
			letters++
		}
	}
	if letters < 2 || l.has(UserName, at, end) {
		return end
	}
	for i := l.tokenFrom(at); i < len(l.all) && l.all[i].from < end; i++ {
		if l.all[i].w.is&account != 0 {
			return end
		}
	}
	l.add(UserName, at, k == 0, k)
	return end
}

// inPatients reports whether a token stands in a name, of a folder or file, in a folder of
// patients': at its beginning, or behind two words at most.
func (l *looker) inPatients(i int) bool {
	for n := 0; n < 3 && i > 0; n++ {
		t, before := &l.all[i], &l.all[i-1]
		if b := l.text[t.from-1]; b == '/' || b == '\\' {
			return before.to == t.from-1 && before.w.is&patientDir != 0
		}
		if t.from-before.to > 1 {
			return false
		}
		i--
	}
	return false
}

// reads are the ends of names of files of one sample.
var reads = [][]byte{[]byte(".bam"), []byte(".cram"), []byte(".fastq"), []byte(".fq"), []byte(".vcf"), []byte(".g.vcf"), []byte(".sam"), []byte(".bcf"), []byte(".gvcf")}

// isFileOfReads reports whether what ends at a byte is the stem of a file's name that
// begins at another.
func (l *looker) isFileOfReads(from, to int) bool {
	if from > 0 && bytes.IndexByte([]byte(`/\ ="'`), l.text[from-1]) < 0 {
		return false
	}
	for _, r := range reads {
		if bytes.HasPrefix(l.text[to:], r) {
			return true
		}
	}
	return false
}
