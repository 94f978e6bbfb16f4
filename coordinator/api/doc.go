// Package api is the coordinator's HTTP API, code first: the operations registered
// here are the OpenAPI 3.1 document in docs/reference/openapi.yaml. Start with New.
//
//	request ─▶ bounds ─▶ signature ─▶ who is it? ─▶ may they? ─▶ do I lead? ─▶ operation
//
// What must hold:
//   - An operation that names no role is not served (default deny); who may do what
//     is the table in operations.go, and a test walks all of it with every wrong
//     identity.
//   - A write is acknowledged after the cluster has committed it.
//   - Nothing that was sent is echoed in an error.
package api
