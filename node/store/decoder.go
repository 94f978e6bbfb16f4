package store

import (
	"encoding/binary"
	"math"

	"github.com/klauspost/compress/zstd"
)

const maxUint32 = math.MaxUint32

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// decoder reads what an encoder wrote and keeps the first fault. After one it gives
// zeros.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fault(is bool, err error) {
	if is && d.err == nil {
		d.err, d.rest = err, nil
	}
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.fault(true, errShort)
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

// uvarint reads a number that is not over most.
func (d *decoder) uvarint(most uint64) uint64 {
	if len(d.rest) > 0 && d.rest[0] < 0x80 && uint64(d.rest[0]) <= most {
		v := d.rest[0]
		d.rest = d.rest[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(d.rest)
	if n <= 0 || v > most {
		d.fault(true, errShort)
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.rest) {
		d.fault(true, errShort)
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) text(most int) string {
	return string(d.take(int(d.uvarint(uint64(most)))))
}

// end wants nothing left.
func (d *decoder) end() error {
	d.fault(len(d.rest) != 0, errLong)
	return d.err
}

// newPacker and newUnpacker give zstd without goroutines. Its checksum is left out:
// every part has one.
func newPacker() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithEncoderLevel(zstd.SpeedBetterCompression))
}

func newUnpacker() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxText))
}
