// Package he hides each site's counts under a key that adds up: the sum of hidden words
// opens under the sum of keys, and only the sum of keys is ever put together.
//
// A site calls NewMask on its words and writes what the Mask gives: hidden words, check
// words, and a Share of its key for each site. The coordinator calls Add and AddCheck. A
// site adds the shares it holds with SumShares, over the sites in the sum, and seals the
// result to the researcher, who calls Open.
//
//	block b of N = 2048 words, q = 2^50 - 16383, 48 bits on the wire, guard g
//
//	a_b = AES-CTR(session, b)                           uniform, public, the same at all sites
//	c_b = round(a_b * s + e_b) + 2^g * m_b   mod 2^48   what a site sends; s is its key
//	sum = plain addition of 48-bit words                all that the coordinator does
//	m   = round((sum - round(a_b * S)) / 2^g)           under S, the sum of the keys
//
// Exact derivations and arguments are in docs/explanation/encryption.md. On amd64 with
// AVX-512 and IFMA there is assembly for what blocks need; the tag purego is without it,
// and the bytes are the same.
//
// Products are in Z_q[X]/(X^N+1), and round scales from q to 2^48. This is the
// symmetric encryption of the BFV family with a common a, so that lattigo's decryptor
// opens a sum as well as this package does. e_b is 96 fair coins less 48. A set of
// parameters is named for its guard and carries so many sites:
//
//	        sites   bits of a sum   wrong with a chance, a word, of at most
//	a50g8    2..90       40          2^-73
//	a50g9    ..380       39          2^-70
//	a50g10   ..1500      38          2^-71
//
// The key s and the masks k of the check words are shared with Shamir's scheme over Z_q,
// word by word, at the roster's points, so that what a threshold of sites has to do does
// not grow with the number of counts. A share goes to its site under HPKE.
//
// # What must hold
//
// One key hides one vector: s, e, k and the polynomials are derived from the site's
// root, the session and the exact words (HKDF-SHA256; the words by GMAC under a key of
// root and session). Whatever is changed gives an unrelated key, and the same input the
// same bytes.
//
// A word is at most Params.MaxWord in size, so that no sum carries. Points are distinct
// and not zero: a share at zero is the key.
//
// Check words are u = k + <w, m> modulo q for two secret rows w that sites and researcher
// know and the coordinator does not. Who alters a sum without them is not noticed with a
// chance of about 2^-100.
//
// Every frame is this package's own, with a length that is known before it is read.
//
// # Security
//
// For who knows the sum of the keys and of the errors, two honest sites leave each
// other a uniform key and errors of an effective standard deviation of 3.46: learning
// with errors at n = 2048, q near 2^50. By the lattice estimator of Albrecht and others
// the cheapest attack takes 2^143 steps in the cost model MATZOV, and 2^117 by core-SVP,
// the most careful count. These lines print it, with SageMath, in a quarter of an hour:
//
//	from estimator import *
//	from estimator.reduction import ADPS16
//	p = LWE.Parameters(n=2048, q=2**50-16383, Xs=ND.UniformMod(2**50-16383),
//	                   Xe=ND.DiscreteGaussian(3.46))
//	for model in RC.MATZOV, RC.BDGL16, ADPS16(), ADPS16("quantum"):
//	    LWE.estimate(p, red_cost_model=model, deny_list=["arora-gb"])
//	from estimator.lwe_dual import matzov  # dual_hybrid, where its own search does not go
//	print(matzov.cost(398, p.normalize(), 2110, 17, 9, 19, red_cost_model=RC.MATZOV))
//	print(matzov.cost(400, p.normalize(), 2190, 20, 3, 18, red_cost_model=ADPS16()))
//
// The lineage is Stevens and others, arXiv 2112.06872; LERNA; OPA, arXiv 2410.22303;
// Willow, eprint 2024/936. The composition here is our own and has not been reviewed by
// outside cryptographers.
//
// # What it does not promise
//
// That a site's words are true, or that a site that knows the check key does not forge
// a sum. That one honest site is protected when all others in the sum work together:
// what is left of a sum without their words is its words. That a damaged share is traced
// to who dealt it (a wrong opening is: see WrongSharesError). Constant time in what is not
// secret: points, lengths, thresholds and errors that are returned.
package he
