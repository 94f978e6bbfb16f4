package detect

// Size is what a detector remembers.
type Size struct{ Researchers, Studies, Questions, Tiles int }

// Remembered counts it, and checks its books.
func (d *Detector) Remembered() (s Size) {
	s.Researchers, s.Studies = len(d.researchers), len(d.studies)
	for _, t := range d.researchers {
		n := 0
		for _, k := range t.kept {
			n += len(k.tiles)
		}
		if n != t.tiles || n > maxTilesKept || len(t.kept) > maxKept || len(t.times) > maxTimes {
			panic("detect: the books of a tracker are wrong")
		}
		s.Questions += len(t.kept)
		s.Tiles += n
	}
	return s
}
