// Package viewer is one HTML file that opens a researcher's bundle in a browser, without a
// network: a page, its script, and what researcher/wasm is built to. Start with Page.
//
// What must hold: the page's policy forbids every request, and lets run only the script
// that is in the page, by its digest; what comes from a file or a signature is shown as
// text, never as markup; the program is the committed one, byte for byte, which
// `make viewer` builds from the source and `make check` builds again and compares.
//
// locus.wasm.gz is what `make viewer` made, and locus.wasm.sum the SHA-256 of it unpacked.
// wasm_exec.js is a file of the Go distribution that it was built with, under the licence
// in wasm_exec.LICENSE.
package viewer

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed" // for the files of the page
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrProgram is returned when the program in this binary is not the one that was built.
var ErrProgram = errors.New("viewer: the program in the page is not the one whose digest was committed")

// maxProgram bounds what the program unpacks to.
const maxProgram = 64 << 20

var (
	//go:embed locus.wasm.gz
	program []byte
	//go:embed locus.wasm.sum
	programSum string
	//go:embed wasm_exec.js
	runtime string
	//go:embed worker.js
	worker string
	//go:embed page.html
	page string
	//go:embed page.css
	style string
	//go:embed page.js
	script string
)

// Page is the whole file.
func Page() ([]byte, error) {
	digest, err := checkProgram(program, programSum)
	if err != nil {
		return nil, err
	}
	parts := strings.NewReplacer(
		"{{style}}", style,
		"{{script}}", script,
		"{{scriptHash}}", hash(script),
		"{{styleHash}}", hash(style),
		"{{worker}}", runtime+worker,
		"{{program}}", base64.StdEncoding.EncodeToString(program),
		"{{digest}}", digest,
	)
	return []byte(parts.Replace(page)), nil
}

// hash is how a content security policy names a script or a style.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// checkProgram unpacks a program and compares it with its digest.
func checkProgram(packed []byte, want string) (digest string, err error) {
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrProgram, err)
	}
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(unpacked, maxProgram+1))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrProgram, err)
	}
	digest = hex.EncodeToString(sum.Sum(nil))
	if n > maxProgram || digest != strings.TrimSpace(want) {
		return "", fmt.Errorf("%w: %s", ErrProgram, digest)
	}
	return digest, nil
}
