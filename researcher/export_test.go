package researcher

import "github.com/locus-genomics/locus/protocol/panel"

// SelectFrom is what Client.Select does once it has the panel.
func SelectFrom(p *panel.Panel, ask Ask) (Selected, error) { return selectFrom(p, ask) }

// Secrets are what a home derives for a nonce, as one string to compare.
func (h *Home) Secrets(nonce [32]byte) (string, error) {
	s, err := h.seed.Secrets(nonce)
	if err != nil {
		return "", err
	}
	all := append(append(s.Salt[:], s.Check[:]...), s.KEMPrivate...)
	return string(append(all, s.KEMPublic...)), nil
}
