// Package cohort says who is counted. Start with Read, which takes a site's sample
// table, and Table.Cohort, which fits it to the samples of a genotype file.
//
// The table is text with one line of column names and one line a sample, its columns
// separated by tabs:
//
//	sample_id   the name in the genotype file
//	person_id   who that is; one person has one sample
//	sex         male, female or unknown (also M, F, 1, 2, 0, NA, or nothing)
//	…           any further columns, for Filter
//
// A Filter is column=value, or an expression in CEL:
//
//	ParseFilter   parsed; what is not of the language is refused; before each comparison
//	              the question is put whether its cells are there
//	ReadStrata    the columns that it speaks of are kept while the table is read
//	fit           these get their kinds; the expression is checked against them, and what
//	              it may do for one person is estimated
//	holds         asked of each row
//
// What must hold: a person is counted once, so that nobody adds more than an analysis
// allows; a sample that the table does not name is not counted; a table that speaks
// of a sample the file does not have is refused, since it is then not the table of
// that file. An expression gives the same for the same table, in time that is bounded for
// each row. Errors name lines and columns, never a sample or a person.
package cohort
