// What the product is measured with, apart from it, so that yardsticks do not enter its
// graph of dependencies.
module github.com/locus-genomics/locus/bench

go 1.26.0

require (
	github.com/google/differential-privacy/go/v3 v3.0.0
	github.com/locus-genomics/locus v0.0.0
)

require (
	github.com/golang/glog v1.2.0 // indirect
	golang.org/x/exp v0.0.0-20260718201538-764159d718ef // indirect
	gonum.org/v1/gonum v0.14.0 // indirect
)

replace github.com/locus-genomics/locus => ../
