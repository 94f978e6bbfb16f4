package panel_test

import (
	"fmt"
	"strings"

	"github.com/locus-genomics/locus/protocol/panel"
)

func Example() {
	variants, err := panel.ReadVariants(strings.NewReader("7\t140753336\tA\tT\n7\t117559590\tATCT\tA\n22\t100\tG\tC\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := panel.New("GRCh38", variants)
	if err != nil {
		fmt.Println(err)
		return
	}
	region, err := panel.ParseRegion("chr7:117,480,025-117,668,665")
	if err != nil {
		fmt.Println(err)
		return
	}
	from, to := p.Select(region)
	for i := from; i < to; i++ {
		fmt.Println(i, p.At(i))
	}
	fmt.Printf("%.8x\n", p.Digest())
	// Output:
	// 0 7:117559590 ATCT>A
	// cf516d92a0ecfd18
}
