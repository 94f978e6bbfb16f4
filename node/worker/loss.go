package worker

// loss is a set of limits that a child goes without.
type loss byte

const (
	lostNetwork loss = 1 << iota
	lostFiles
	lostPrivileges
	lostMemory
	lostTime
	lostDump
	allLosses = 1<<iota - 1
)

// strings says what a child without these limits could do, had it been taken over.
func (l loss) strings() (all []string) {
	for _, x := range []struct {
		is   loss
		says string
	}{
		{lostNetwork, "it can reach the network and see other processes: no unprivileged namespaces here"},
		{lostFiles, "it can open files that the node can open: no Landlock here"},
		{lostPrivileges, "it can run programs with more privileges than its own"},
		{lostMemory, "it can use all memory"},
		{lostTime, "it can use the processor for ever"},
		{lostDump, "its memory can be read or dumped by others of its user"},
	} {
		if l&x.is != 0 {
			all = append(all, x.says)
		}
	}
	return all
}
