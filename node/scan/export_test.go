package scan

// Listed reports whether the lists have a word as a name.
func Listed(w string) bool {
	var b [maxWord]byte
	n, ok := fold(&b, []byte(w))
	return ok && lists().words[string(b[:n])].is&listed != 0
}
