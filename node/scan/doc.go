// Package scan finds personal data that stands beside genotypes. Start with Scanner, for
// headers, samples and files, and NewTable, for tables.
//
//	Scanner.Header    a line of a VCF's header, or other text
//	Scanner.Samples   the names of all samples of a file
//	Scanner.Name      the name of a file, with its folders
//	Scanner.Typed     what was typed and will be kept: the name of a cohort, a filter
//	NewTable          a table while it is read, judged by column
//
// What it looks for, and by what:
//
//	e-mail address    its form; not that of an office (support@)
//	phone number      a country's code, the American form, or a word before it
//	date of birth     a date in one of the usual notations, and a word for birth before it,
//	                  behind it, or as the name of the column; a year alone is none
//	person name       a key, a title or a word such as patient before it; the lists; or the
//	                  form of a whole text: two words with capitals that are no words
//	record number     a key such as MRN, or two words such as hospital number
//	national number   the check digits of 26 schemes: by themselves where the form leaves
//	                  nothing else, else behind a word that names the scheme, or where a
//	                  whole column passes
//	user name         in a path below home, or behind a key such as user; in a path of a header
//	                  it, and a person's name that it is, are marked as Home
//
// What must hold. A Finding is numbers: whatever prints it, what was found is not in it.
// Time is linear in the text and memory is bounded: a text is looked at in windows, a
// table by column, and a Report lists MaxFindings. Nothing here opens, logs or keeps
// anything.
//
// # Where personal data could stay, and what becomes of it
//
// A node keeps of what it takes in, and shows of it:
//
//	headers of VCF, BCF and pvar, free     read in the parsing child and dropped there. To drop
//	data of a BGEN, columns of fam, psam   is to do nothing. Users' folders in their paths are
//	and .sample beside the names           no reason to refuse: nobody has written them there.
//	names of samples                       kept in the sealed header of the store, which is how the
//	                                       sample table is fitted to it again; with --no-store not
//	                                       at all. Counts go by index. To drop is to leave them
//	                                       sealed: they are shown by cohort show --samples alone,
//	                                       and are not replaced by pseudonyms.
//	the sample table                       stays where it is, and is read again. Of it the records
//	                                       have a path, a digest, and keyed tags of person_id.
//	paths of files, the cohort's name,     kept as they are in the records, and shown by cohort
//	the filter                             list; the name is declared to studies. They cannot be
//	                                       dropped and are refused.
//	the quality card                       numbers by contig and indices of samples. Of personal
//	                                       data it counts sorts.
//	logs and metrics                       the name of a cohort; no path, sample, line or value.
//	errors                                 lines, columns, and the last part of a path, for who
//	                                       typed the command.
//	tables of locus-node count             contigs, variants and counts; the header of its VCF is
//	                                       written anew. Files of --strata are named by values of
//	                                       the column, which is not searched: choose one of groups.
//
// # What it does not do
//
// It does not find: a name alone that no list has and that nothing announces; names in
// scripts without capitals; addresses of houses; dates of other things, ages, and what
// identifies by being rare; a national number without check digits, or a mistyped one; a
// number of a Danish man without one (since 2007); text within records (INFO) or in
// contigs' names. Names of more than a few readers' languages are in the lists by chance.
// It is a net against accidents and no proof: who wants to hide a name in a header can.
package scan
