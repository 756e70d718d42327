package tracker

import "asapi/tasks"

// Unconnected makes the error of a sign-in on a provider's pages that came to nothing.
// word is the provider's code for it (RFC 6749 sections 4.1.2.1 and 5.2); empty: it gave
// none.
func Unconnected(p Provider, word string) error {
	title := title(p)
	switch word {
	case "access_denied":
		return tasks.Permanent(tasks.CodeUnauthorized, "You did not allow it at "+title+", so nothing was stored. Begin anew when you change your mind.")
	case "invalid_client", "unauthorized_client", "invalid_request", "unsupported_response_type", "unsupported_grant_type", "invalid_scope":
		return tasks.Permanent(tasks.CodeUnauthorized, title+" does not know this server: the id or the secret of the application, or the address to come back to, is not what is registered there. Tell whoever runs this server.")
	case "server_error", "temporarily_unavailable":
		return &tasks.Error{Code: tasks.CodeUnavailable, Message: title + " cannot sign users in at the moment; begin anew in a while."}
	}
	return tasks.Permanent(tasks.CodeUnauthorized, title+" did not take the code, which is good once and for a few minutes; begin the sign-in anew.")
}
