package canary

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"io"

	"github.com/klauspost/compress/zstd"
)

const (
	// maxUnpacked bounds what one packed piece gives: what is longer is looked at so far.
	maxUnpacked = 16 << 20
	// maxDeep bounds how often something packed is in something packed.
	maxDeep = 3
	// maxMemory bounds the window of zstd, which frames may ask for.
	maxMemory = 64 << 20
)

// layer is bytes, and how they were got.
type layer struct {
	how   string
	bytes []byte
}

// unpacked is b itself, and what is packed in it, wherever that begins.
func unpacked(b []byte) []layer { return appendUnpacked(nil, layer{bytes: b}, 0) }

func appendUnpacked(all []layer, l layer, deep int) []layer {
	all = append(all, l)
	if deep == maxDeep {
		return all
	}
	for _, m := range magics {
		for from := 0; ; {
			i := bytes.Index(l.bytes[from:], m.begin)
			if i < 0 {
				break
			}
			from += i
			if raw := m.open(l.bytes[from:]); len(raw) > 0 {
				all = appendUnpacked(all, layer{l.how + ", under " + m.name, raw}, deep+1)
			}
			from++
		}
	}
	return all
}

// magics are how packed bytes begin. What only looks like it gives nothing.
var magics = []struct {
	name  string
	begin []byte
	open  func([]byte) []byte
}{
	{"gzip", []byte{0x1f, 0x8b, 8}, openGzip},
	{"zlib", []byte{0x78, 0x01}, openZlib},
	{"zlib", []byte{0x78, 0x5e}, openZlib},
	{"zlib", []byte{0x78, 0x9c}, openZlib},
	{"zlib", []byte{0x78, 0xda}, openZlib},
	{"zstd", []byte{0x28, 0xb5, 0x2f, 0xfd}, openZstd},
	{"base64", []byte("H4sI"), openBase64}, // of gzip
	{"base64", []byte("eAE"), openBase64},  // of zlib
	{"base64", []byte("eF4"), openBase64},
	{"base64", []byte("eJw"), openBase64},
	{"base64", []byte("eJx"), openBase64},
	{"base64", []byte("eJy"), openBase64},
	{"base64", []byte("eJz"), openBase64},
	{"base64", []byte("eNo"), openBase64},
	{"base64", []byte("KLUv"), openBase64}, // of zstd
	{"hexadecimal", []byte("1f8b08"), openHex},
	{"hexadecimal", []byte("28b52ffd"), openHex},
	{"hexadecimal", []byte("789c"), openHex},
}

// read is what could be unpacked: the end is unknown, and an error there is none.
func read(r io.Reader) []byte {
	raw, _ := io.ReadAll(io.LimitReader(r, maxUnpacked))
	return raw
}

func openGzip(b []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	return read(r)
}

func openZlib(b []byte) []byte {
	if r, err := zlib.NewReader(bytes.NewReader(b)); err == nil {
		return read(r)
	}
	return read(flate.NewReader(bytes.NewReader(b[2:])))
}

func openZstd(b []byte) []byte {
	r, err := zstd.NewReader(bytes.NewReader(b), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxMemory))
	if err != nil {
		return nil
	}
	defer r.Close()
	return read(r)
}

// openBase64 reads digits of either alphabet as far as there are some.
func openBase64(b []byte) []byte {
	digits := make([]byte, 0, min(len(b), maxUnpacked))
	for _, c := range b[:min(len(b), maxUnpacked)] {
		switch {
		case c == '-':
			c = '+'
		case c == '_':
			c = '/'
		case c != '+' && c != '/' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z'):
			c = 0
		}
		if c == 0 {
			break
		}
		digits = append(digits, c)
	}
	raw := make([]byte, len(digits)/4*3)
	n, _ := base64.StdEncoding.Decode(raw, digits[:len(digits)/4*4])
	return append(raw[:n], tail(digits)...)
}

// tail is of the digits behind the last four.
func tail(digits []byte) []byte {
	raw, _ := base64.RawStdEncoding.DecodeString(string(digits[len(digits)/4*4:]))
	return raw
}

func openHex(b []byte) []byte {
	n := 0
	for n < min(len(b), maxUnpacked) && (b[n] >= '0' && b[n] <= '9' || b[n] >= 'a' && b[n] <= 'f') {
		n++
	}
	raw, _ := hex.DecodeString(string(b[:n/2*2]))
	return raw
}
