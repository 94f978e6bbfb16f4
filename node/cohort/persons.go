package cohort

// Persons are the ids of who is in the cohort, each once and in no order. They MUST NOT
// leave the site, and are kept only under a key.
func (c *Cohort) Persons() []string { return c.persons }
