package worker

import "runtime/debug"

// Alone is a process that parses by itself, because it has nothing that a child would
// have to be kept from: no keys, and what it has opened. It saves the second start of the
// program.
type Alone struct {
	// Bytes is the length of its files together, from which its limits follow as a
	// child's do.
	Bytes int64
	// Folder, if it is not empty, is where files that are written can still be given
	// their names, and so be removed.
	Folder string
	// Late is called when its time is over. It MUST end the process, which is killed
	// soon after.
	Late func()
}

// Confine gives up what this process could do but for reading and writing what is open:
// it opens no file and no connection from then on. There is no way back. It says in
// words which limits could not be set.
func (a Alone) Confine() []string {
	c := Config{}.withDefaults(a.Bytes)
	lost := confineSelf(limits{memory: c.Memory, seconds: c.Seconds}, a.Folder, a.Late)
	if lost&lostMemory == 0 {
		debug.SetMemoryLimit(int64(c.Memory / 4 * 3))
	}
	return lost.strings()
}
