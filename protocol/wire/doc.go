// Package wire moves opaque bytes between the parties.
//
// Start with [Transport]: [Host] is the real one (libp2p), [Loopback] the one
// for tests, and package wiretest holds the suite that both must pass.
// Meaning, signatures and refusals belong to package protocol; wire knows a
// [Kind], its bounds, and who is at the other end.
//
//	node (no listening address)                 coordinator (listens)
//	  Run dials, redials with jitter  ------->  AllowList, TLS 1.3, ML-KEM hybrid
//	  ServeCall, OpenBulk             <-------  Call, Pull over the same connection
//	                                            StreamListener, DialStream between members
//
// On a stream of protocol /locus/call/1:
//
//	caller    kind (1 byte)  length (varint)  request   end of stream
//	answerer  code (1 byte)  length (varint)  response  end of stream   (no frame unless code is 0)
//
// The length is the varint of protobuf's delimited messages (protodelim), in
// its shortest form only. On a stream of protocol /locus/bulk/1:
//
//	caller    id (32)  offset (8)                                  end of stream
//	answerer  code (1) id (32) length (8) offset (8) SHA-256 (32)  bytes from offset  end of stream
//
// Numbers are big-endian. Calls and bulk have streams and limits of their own,
// so a call never waits behind a transfer.
//
// What must hold:
//   - A peer that the [AllowList] does not name gets no connection, in either
//     direction; a peer taken from the list loses the one it has.
//   - Every connection uses TLS 1.3 with a key exchange that holds against a
//     quantum computer, or there is none. Nothing else is offered. (Who the
//     peer is rests on Ed25519; signatures on content are protocol's.)
//   - Nothing is dialled but [Config.Dial]. A call to a peer that is not
//     connected fails with [ErrNotConnected].
//   - A length is compared with its bound before anything is read or allocated
//     for it, and memory grows with the bytes that arrived, not with the length
//     that was announced.
//   - Every stream has a deadline and is reset on any error. An inbound call
//     runs only while Run runs, and Run waits for it.
//   - What a handler says went wrong crosses the wire as a [Code], never as text.
//
// The package does not log. It tells [Config.Observe] what an operator may
// want to know, and returns errors.
package wire
