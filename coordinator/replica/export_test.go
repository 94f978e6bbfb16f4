package replica

// View runs look on a member's own copy of the state, as no caller may.
func View(r *Replica, look func()) { r.fsm.view(look) }

// BreakLog closes the log under a running member, as a disk that went away.
func BreakLog(r *Replica) error { return r.disk.bolt.Close() }
