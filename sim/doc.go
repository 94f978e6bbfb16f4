// Package sim runs a whole study in one process: a coordinator, its sites and a
// researcher, each the real party, with real records on disk. Start with New.
//
//	Loopback  one member; nodes and coordinator talk over wire.Loopback
//	Sockets   one or three members; everything talks over libp2p on loopback, as
//	          between processes
//
// The HTTP API is real in both: pinned TLS on a loopback port. A member or a node
// can be stopped and started again at any time, from what it has on disk.
package sim
