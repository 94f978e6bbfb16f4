package he

// ShareBytes is a share's plain form, for tests that compare shares.
func ShareBytes(s Share) []byte { return packShare(s.words) }

// UnpackShare is the inner parse of OpenShare.
func UnpackShare(b []byte) error {
	_, err := unpackShare(b)
	return err
}
