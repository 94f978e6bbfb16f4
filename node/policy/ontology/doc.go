// Package ontology knows which diseases are kinds of which. Start with [Read], which takes
// MONDO's or DUO's own file as OBO or as OWL in RDF/XML, or an extract; [Ontology.Extract]
// writes the extract, which has what is needed and nothing else.
//
//	OBO   id, name, is_a, is_obsolete, replaced_by, alt_id of each [Term]
//	OWL   rdf:about, rdfs:label, rdfs:subClassOf, owl:deprecated and obo:IAO_0100001 (term
//	      replaced by) of each owl:Class below the root
//
// Logical definitions, relations other than is_a and terms of other ontologies are passed
// over. So is a parent that the file does not have, or that is obsolete: the diseases below
// it then have fewer ancestors, which widens no consent. How many were passed over is in
// [Stats].
//
// What must hold:
//   - A file is read once, from front to end, in memory that the constants of limit.go bound.
//   - The parents of terms make no circle, and neither do successors: else the file is refused.
//   - An extract reads back as what was written, and one that was altered or cut is refused.
//
// The readers follow the OBO flat file format 1.4 (owlcollab.github.io/oboformat) and the
// RDF mapping of OWL 2 (w3.org/TR/owl2-mapping-to-rdf).
package ontology
