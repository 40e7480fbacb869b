// Package identity knows who somebody is and what they may do: sign-ins with
// passwords, one-time join links, the tokens of displays, and the one table of
// permissions.
//
//	token ──Authenticate──▶ Viewer ──Viewer.May(role, action)──▶ yes or no
//
// A token is 32 random bytes; only its hash is kept, so that whoever reads the
// database cannot sign in. The store is asked at each request whether a sign-in
// still holds: nothing is cached, and a sign-in that is ended has ended everywhere.
package identity
