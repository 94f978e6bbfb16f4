// What the product is measured with, apart from it, so that yardsticks do not enter its
// graph of dependencies.
module github.com/locus-genomics/locus/bench

go 1.26.0
