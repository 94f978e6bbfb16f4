// Package wiretest is the suite that every wire.Transport must pass, with the
// peers that it needs. Run runs it.
package wiretest
