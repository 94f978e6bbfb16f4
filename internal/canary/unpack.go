package canary

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
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
	for _, d := range digits {
		for _, raw := range d.open(l.bytes) {
			all = appendUnpacked(all, layer{l.how + ", under " + d.name, raw}, deep+1)
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
}

// digits are what bytes may be written in. Several stretches are read as one.
var digits = []struct {
	name string
	open func([]byte) [][]byte
}{{"base64", openBase64}, {"hexadecimal", openHex}}

// shortest is how many digits a stretch has at least that is looked into.
const shortest = 32

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

// stretches are all that have the shortest length, of bytes for which value is not none.
func stretches(b []byte, value *[256]byte) (list [][]byte) {
	from := 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && value[b[i]] != none {
			continue
		}
		if i-from >= shortest {
			list = append(list, b[from:i])
		}
		from = i + 1
	}
	return list
}

const none = 0xff

// sextets are the values of digits of both alphabets, and nibbles those of hexadecimal.
var sextets, nibbles = valuesOf(
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
), valuesOf("0123456789abcdef", "0123456789ABCDEF")

func valuesOf(alphabets ...string) *[256]byte {
	var v [256]byte
	for i := range v {
		v[i] = none
	}
	for _, a := range alphabets {
		for i, c := range []byte(a) {
			v[c] = byte(i)
		}
	}
	return &v
}

// openBase64 reads every stretch of digits from each of its first four on: what stands before
// may look like digits too.
func openBase64(b []byte) (all [][]byte) {
	list := stretches(b, sextets)
	for from := range 4 {
		var raw []byte
		for _, s := range list {
			s = s[from:]
			for ; len(s) >= 4; s = s[4:] {
				a, b, c, d := sextets[s[0]], sextets[s[1]], sextets[s[2]], sextets[s[3]]
				raw = append(raw, a<<2|b>>4, b<<4|c>>2, c<<6|d)
			}
			if len(s) >= 2 {
				raw = append(raw, sextets[s[0]]<<2|sextets[s[1]]>>4)
			}
			if len(s) == 3 {
				raw = append(raw, sextets[s[1]]<<4|sextets[s[2]]>>2)
			}
		}
		if len(raw) > 0 {
			all = append(all, raw)
		}
	}
	return all
}

// openHex does the same with hexadecimal.
func openHex(b []byte) (all [][]byte) {
	list := stretches(b, nibbles)
	for from := range 2 {
		var raw []byte
		for _, s := range list {
			for s = s[from:]; len(s) >= 2; s = s[2:] {
				raw = append(raw, nibbles[s[0]]<<4|nibbles[s[1]])
			}
		}
		if len(raw) > 0 {
			all = append(all, raw)
		}
	}
	return all
}
