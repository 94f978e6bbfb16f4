package main

import "testing"

func TestAListDoesNotMoveTheCursor(t *testing.T) {
	if got, want := printed("pub\x1b[2Klished\r\u202e"), "pub[2Klished"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
