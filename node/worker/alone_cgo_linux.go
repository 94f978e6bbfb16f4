//go:build cgo

package worker

// alone would hide all other processes from the child. A program with C in it cannot
// be had so: to reach all of its threads, it looks for them in /proc, where they have
// other numbers. Landlock keeps it from sending signals, where it is new enough.
const alone = 0
