package notify

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// ErrAddress is returned for an address to which nothing is sent.
var ErrAddress = errors.New("notify: not an address to send to")

const maxURL = 2048

// CheckURL takes an address of a webhook: https, or http to a loopback address in digits. It
// returns what may be written down of it: a path may have a secret in it.
func CheckURL(address string) (shown string, err error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || len(address) > maxURL || u.String() != address:
		return "", fmt.Errorf("%w: not a URL in its plain spelling", ErrAddress)
	case u.Scheme != "https" && (u.Scheme != "http" || !Loopback(u.Hostname())):
		return "", fmt.Errorf("%w: a webhook is https, or http to a loopback address in digits", ErrAddress)
	case u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Opaque != "":
		return "", fmt.Errorf("%w: a webhook's URL has a host, and no user and no fragment", ErrAddress)
	}
	return u.Scheme + "://" + u.Host, nil
}

// CheckRelay takes a mail relay's host and port.
func CheckRelay(address string) (host string, err error) {
	host, port, err := net.SplitHostPort(address)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || !hostName.MatchString(host) && !isAddress(host) {
		return "", fmt.Errorf("%w: a relay is a host and a port, such as mail.example.org:587", ErrAddress)
	}
	return host, nil
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)

func isAddress(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.Zone() == ""
}

// Loopback reports whether a host is a loopback address in digits: what a name means may
// change.
func Loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// mailbox has nothing in it that a header or a command of SMTP reads as anything else.
var mailbox = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._+-]{0,62}[A-Za-z0-9])?@[A-Za-z0-9]([A-Za-z0-9.-]{0,188}[A-Za-z0-9])?$`)

// CheckMailbox takes a mail address without a name beside it.
func CheckMailbox(address string) error {
	if !mailbox.MatchString(address) || strings.Contains(address, "..") {
		return fmt.Errorf("%w: a mail address is letters, digits and . _ + - around one @", ErrAddress)
	}
	return nil
}
