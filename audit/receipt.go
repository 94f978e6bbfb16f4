package audit

import (
	"encoding/base64"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// receiptHeader is the first line of c2sp.org/tlog-proof.
const receiptHeader = "c2sp.org/tlog-proof@v1\n"

// Receipt proves that an entry is in the log, to whoever has the log's key and nothing
// else: the entry itself, its place, and a checkpoint with its cosignatures. It is of the
// cosigned checkpoint where that covers the entry, else of the newest.
func (l *Log) Receipt(index uint64) ([]byte, error) {
	l.mu.Lock()
	h, note := l.head, l.note
	if c := l.cosigned; c.head.Size > index {
		h, note = c.head, c.note
	}
	l.mu.Unlock()
	return l.disk.receipt(index, h, note)
}

// receipt proves an entry under a head that a note has signed.
func (d *disk) receipt(index uint64, h Head, note []byte) ([]byte, error) {
	leaf, err := d.leaf(index, h)
	if err != nil {
		return nil, err
	}
	proof, err := tlog.ProveRecord(int64(h.Size), int64(index), d.hashes(h))
	if err != nil {
		return nil, fmt.Errorf("%w: prove entry %d: %w", ErrDamaged, index, err)
	}
	b := fmt.Appendf(nil, "%sextra %s\nindex %d\n", receiptHeader, base64.StdEncoding.EncodeToString(leaf), index)
	return append(append(appendHashes(b, proof), '\n'), note...), nil
}

func appendHashes(b []byte, hashes []tlog.Hash) []byte {
	for _, h := range hashes {
		b = fmt.Appendf(b, "%s\n", base64.StdEncoding.EncodeToString(h[:]))
	}
	return b
}
