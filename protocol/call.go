package protocol

import "time"

// Call is a kind of request that the coordinator makes of a node, over the
// connection that the node has opened.
type Call uint8

// The calls, in the order of a task. Every one may be repeated: a node answers a
// repetition with the bytes it has stored, and a witness by what it remembers.
const (
	CallSync    Call = 1 // Sync -> NodeState
	CallTestify Call = 2 // Testimony, what others have seen of the node -> Reply{NodeState}
	CallOffer   Call = 3 // Offer -> Reply{Contribution}
	CallDeliver Call = 4 // Delivery -> Reply{Signed[Received]}
	CallCut     Call = 5 // CutOffer -> Reply{Signed[Vote]}
	CallWitness Call = 6 // Witness -> Reply{Testimony}
	CallOpen    Call = 7 // OpenRequest -> Reply{SealedOpening}
	CallCosign  Call = 8 // Cosign -> Reply{Cosigned}; of no task, and may come at any time
)

// CallSpec bounds a call.
type CallSpec struct {
	Call Call
	Name string
	// MaxRequest and MaxReply are in bytes.
	MaxRequest, MaxReply int
	// Deadline is for the whole exchange. A node that needs longer says that it is
	// still at it.
	Deadline time.Duration
}

// Calls are all calls, in order.
func Calls() []CallSpec {
	const small = 64 << 10
	return []CallSpec{
		{CallSync, "sync", MaxMessage, MaxMessage, 30 * time.Second},
		{CallTestify, "testify", MaxMessage, MaxMessage, 30 * time.Second},
		{CallOffer, "offer", MaxMessage, MaxMessage, 30 * time.Second},
		{CallDeliver, "deliver", MaxMessage, MaxMessage, 30 * time.Second},
		{CallCut, "cut", MaxMessage, maxSnapshot + small, 30 * time.Second},
		{CallWitness, "witness", MaxMessage, MaxMessage, 30 * time.Second},
		{CallOpen, "open", MaxMessage, maxShare + small, 30 * time.Second},
		{CallCosign, "cosign", maxCosign + small, maxCosign + small, 30 * time.Second},
	}
}
