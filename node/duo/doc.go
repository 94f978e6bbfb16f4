// Package duo says whether a consent covers a use. Start with [Match], which compares a
// consent's terms of the Data Use Ontology with what a question is for.
//
// Nothing is allowed that no term permits, and a restriction that cannot be checked is not
// taken to hold:
//
//	permission      a question for      verdict
//	NRES            anything            allow
//	GRU             anything            allow
//	HMB             health, a disease   allow; methods: ask
//	DS, a disease   the same disease or one below it
//	                                    allow
//	POA             ancestry            allow
//	none of these                       deny
//
//	restriction     holds when
//	NPU             the researcher's organisation is known not to work for profit
//	NCU             the use is not commercial
//	NPUNCU          both
//	NMDS            the question is not for methods
//	NPOA            the question is not for ancestry
//	GSO             always: all that is asked here is genetic
//	US, PS, IS      the researcher, study or organisation is the named one
//	TS, MOR         the named day has not come, or has passed
//	GS, IRB, PUB, COL, RTN, CC, RS
//	                somebody says so: ask
//
// Whoever has a term that is not in these tables is asked for nothing: deny. What is asked
// for in a question is the researcher's signed claim. That a term holds is not proof that a
// law is kept.
//
// A literal reading of the published matcher approves general research on consents for one
// disease, and on consents without any permission; this one does neither. The terms are
// those of duo.owl, 2021-02-23, whose NPOA is also written DUO:00000044.
package duo
