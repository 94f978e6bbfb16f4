package audit

import "github.com/locus-genomics/locus/protocol"

// NodeOrigin names the log of the site whose node has a key, and the site as a witness.
func NodeOrigin(key protocol.KeyID) string { return "locus/node/" + key.String() }

// CoordinatorOrigin names the log of the coordinator's member that has a key.
func CoordinatorOrigin(key protocol.KeyID) string { return "locus/coordinator/" + key.String() }

// StudyDigest names a study in an entry, where its name has no room.
func StudyDigest(study string) protocol.Digest {
	return protocol.Hash("locus/study/v1", []byte(study))
}
