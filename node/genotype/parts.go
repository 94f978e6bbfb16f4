package genotype

// Parts are groups of people that have nobody in common, by which genotypes are counted.
// They are not changed once something was counted by them.
type Parts struct {
	// Of is the part of each sample, from 1; 0 is who is not counted.
	Of []uint16
	// Masks are the parts as bitmaps, and People how many they have: those of part
	// 1 come first.
	Masks  [][]uint64
	People []int64
}

// Raw is the genotypes of a row of one ALT as they lie in a file, found sound by its
// Reader, who can count them sooner than write them down. It is valid as long as its row.
type Raw interface {
	// Count fills to, which is as long as there are parts, with how many people of each
	// are in which class: the others are in NoAlt.
	Count(p *Parts, to []Sizes)
}
