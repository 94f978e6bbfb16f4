package notify

import (
	"fmt"
	"strings"
	"time"
)

// Letter is a notice as an e-mail. Only this package writes one, from a notice and addresses
// that were checked: its lines are fixed, in ASCII and below 100 bytes.
type Letter struct {
	from string
	to   []string
	raw  []byte
}

// Bytes is the letter with its header, lines ending in CRLF.
func (l Letter) Bytes() []byte { return l.raw }

// newLetter writes a letter.
func newLetter(from string, to []string, n *Notice, id string) Letter {
	_, domain, _ := strings.Cut(from, "@")
	says := words[n.Kind].says
	lines := []string{
		"From: <" + from + ">",
		"To: <" + strings.Join(to, ">,\r\n <") + ">",
		"Subject: Locus: " + says,
		"Date: " + n.At.UTC().Format(time.RFC1123Z),
		"Message-ID: <" + id + "@" + domain + ">",
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=us-ascii",
		"Content-Transfer-Encoding: 7bit",
		"Auto-Submitted: auto-generated",
		"",
		says + ".",
		"",
		field("kind", n.Kind.String()),
		field("time", n.time()),
	}
	if n.Study != "" {
		lines = append(lines, field("study", n.Study))
	}
	if !n.About.IsZero() {
		lines = append(lines, field("about", n.About.String()))
	}
	for i, name := range n.Kind.Numbers() {
		lines = append(lines, field(name, fmt.Sprint(n.Numbers[i])))
	}
	lines = append(lines, field("id", id), "")
	return Letter{from, to, []byte(strings.Join(lines, "\r\n"))}
}

func field(name, value string) string { return fmt.Sprintf("%-8s %s", name, value) }
