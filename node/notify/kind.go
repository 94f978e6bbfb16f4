package notify

import "fmt"

// Kind is what a notice is about. Its number is never used again.
type Kind uint8

// The kinds.
const (
	ApprovalWaiting  Kind = 1
	TaskDone         Kind = 2
	BudgetLow        Kind = 3
	HeadBehind       Kind = 4
	FindingMade      Kind = 5
	Frozen           Kind = 6
	ConsentWithdrawn Kind = 7
	KeyExpiring      Kind = 8
	Trial            Kind = 9
)

// words are how a kind is called, how a letter says it, and the names of its numbers.
var words = []struct {
	name, says string
	numbers    []string
}{
	ApprovalWaiting:  {"approval-waiting", "A task waits for approval", []string{"waiting"}},
	TaskDone:         {"task-done", "A task is done", []string{"code"}},
	BudgetLow:        {"budget-low", "The privacy budget runs low", []string{"percent"}},
	HeadBehind:       {"head-behind", "The records are behind what other sites have seen", []string{"own", "seen"}},
	FindingMade:      {"finding", "Something odd was asked", []string{"rule", "action"}},
	Frozen:           {"frozen", "Somebody is frozen until a person thaws them", []string{"rule"}},
	ConsentWithdrawn: {"consent-withdrawn", "A consent was withdrawn", []string{"epoch"}},
	KeyExpiring:      {"key-expiring", "A key is about to expire", []string{"days"}},
	Trial:            {"trial", "Somebody tries whether notices arrive", []string{"targets"}},
}

// Kinds lists all of them by number.
func Kinds() (list []Kind) {
	for k := ApprovalWaiting; int(k) < len(words); k++ {
		list = append(list, k)
	}
	return list
}

func (k Kind) known() bool { return k >= ApprovalWaiting && int(k) < len(words) }

// String is the kind's name.
func (k Kind) String() string {
	if k.known() {
		return words[k].name
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Numbers are the names of a notice's numbers, in their order.
func (k Kind) Numbers() []string {
	if k.known() {
		return words[k].numbers
	}
	return nil
}

// MarshalText writes String.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads String.
func (k *Kind) UnmarshalText(text []byte) error {
	for _, known := range Kinds() {
		if known.String() == string(text) {
			*k = known
			return nil
		}
	}
	return fmt.Errorf("%q is no kind of notice", text)
}
