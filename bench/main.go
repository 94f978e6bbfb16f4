// Command bench turns what "go test -bench" prints into one table of medians and
// ratios, and into one JSON object a row.
//
// A benchmark that belongs in the table is called Table, and its parts what is measured
// and by whom, as in BenchmarkTable/site/textbook13 and
// BenchmarkTable/gaussian/narrow/google. Who is "go", or another way of
// ours to do it, gets a row; everybody else in that part is whom the row is held
// against.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ours are the ways to compute that are the product's own.
var ours = []string{"go", "avx2", "avx512"}

// part is one part of one room's table in one unit.
type part struct{ room, name, unit string }

// run holds what was measured, with the order in which it came.
type run struct {
	parts  []part
	who    map[part][]string
	values map[part]map[string][]float64
}

// row is one line of the table.
type row struct {
	Name    string             `json:"name"`
	Value   float64            `json:"value"`
	Unit    string             `json:"unit"`
	Against map[string]float64 `json:"against,omitempty"` // times better than; above 1 we are better
	others  []string
}

func main() {
	file := flag.String("jsonl", "", "write one JSON object a row to this file")
	flag.Parse()
	if err := report(os.Stdin, os.Stdout, *file); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func report(in io.Reader, out io.Writer, file string) error {
	r, err := read(in)
	if err != nil {
		return err
	}
	rows := r.rows()
	if len(rows) == 0 {
		return fmt.Errorf("there is no BenchmarkTable in what was read")
	}
	fmt.Fprintf(out, "| measured | ours | others | times better |\n|---|---|---|---|\n")
	var lines strings.Builder
	for _, x := range rows {
		var times []string
		for _, who := range slices.Sorted(maps.Keys(x.Against)) {
			times = append(times, fmt.Sprintf("%s %s", who, short(x.Against[who])))
		}
		fmt.Fprintf(out, "| %s | %s %s | %s | %s |\n", x.Name, short(x.Value), x.Unit, strings.Join(x.others, ", "), strings.Join(times, ", "))
		b, err := json.Marshal(x)
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "%s\n", b)
	}
	if file == "" {
		return nil
	}
	return os.WriteFile(file, []byte(lines.String()), 0o644)
}

var benchLine = regexp.MustCompile(`^BenchmarkTable/(\S+)/([^/\s]+?)(?:-\d+)?\s+\d+\s+(.*)$`)

// read takes the units that a benchmark names itself; the time of one operation says
// nothing here.
func read(in io.Reader) (run, error) {
	r := run{who: map[part][]string{}, values: map[part]map[string][]float64{}}
	room := ""
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := lines.Text()
		if name, is := strings.CutPrefix(line, "pkg: "); is {
			room = path.Base(name)
		}
		if strings.HasPrefix(line, "--- FAIL") || strings.HasPrefix(line, "FAIL") {
			return r, fmt.Errorf("a benchmark failed: %s", line)
		}
		m := benchLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		fields := strings.Fields(m[3])
		for i := 0; i+1 < len(fields); i += 2 {
			unit := fields[i+1]
			if slices.Contains([]string{"ns/op", "B/op", "allocs/op", "MB/s"}, unit) {
				continue
			}
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return r, fmt.Errorf("read %q: %w", line, err)
			}
			r.add(part{room, m[1], unit}, m[2], value)
		}
	}
	return r, lines.Err()
}

func (r *run) add(p part, who string, value float64) {
	if r.values[p] == nil {
		r.values[p] = map[string][]float64{}
		r.parts = append(r.parts, p)
	}
	if r.values[p][who] == nil {
		r.who[p] = append(r.who[p], who)
	}
	r.values[p][who] = append(r.values[p][who], value)
}

func (r *run) rows() (rows []row) {
	for _, p := range r.parts {
		for _, who := range r.who[p] {
			if !slices.Contains(ours, who) {
				continue
			}
			x := row{Name: p.room + "/" + p.name + "/" + who, Value: median(r.values[p][who]), Unit: p.unit, Against: map[string]float64{}}
			for _, other := range r.who[p] {
				if slices.Contains(ours, other) {
					continue
				}
				value := median(r.values[p][other])
				x.others = append(x.others, fmt.Sprintf("%s %s", other, short(value)))
				if x.Value > 0 { // times better than nothing is no number
					x.Against[other] = value / x.Value
				}
			}
			rows = append(rows, x)
		}
	}
	return rows
}

func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// short gives three digits.
func short(x float64) string {
	if x >= 100 || x == 0 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}
