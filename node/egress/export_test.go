package egress

// Outward are the calls of the log that are about notices.
func Outward() []string { return []string{callWebhook, callMail} }

// HookHeaders are the headers of a webhook that leave.
func HookHeaders() []string { return hookHeaders }
