package viewer

import (
	"bytes"
	"errors"
	"testing"
)

func TestAnotherProgramIsNotPutIntoThePage(t *testing.T) {
	altered := bytes.Clone(program)
	altered[len(altered)/2] ^= 1
	for name, tt := range map[string]struct {
		program []byte
		sum     string
		ok      bool
	}{
		"the committed one":             {program, programSum, true},
		"one with a byte altered":       {altered, programSum, false},
		"one that is cut short":         {program[:len(program)/2], programSum, false},
		"none":                          {nil, programSum, false},
		"the digest of another program": {program, "0" + programSum[1:63] + "0", false},
		"no digest":                     {program, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := checkProgram(tt.program, tt.sum)
			if tt.ok != (err == nil) || err != nil && !errors.Is(err, ErrProgram) {
				t.Errorf("got %v", err)
			}
		})
	}
}
