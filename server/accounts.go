package server

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// accountRoutes are the calls for signing in and out.
func (s *Server) accountRoutes(api huma.API) {
	huma.Register(api, operation(http.MethodPost, "/signout", "Sign out"), s.signOut)
}

func (s *Server) signOut(ctx context.Context, _ *struct{}) (*struct{}, error) { return nil, nil }

// operation describes a call for the OpenAPI document.
func operation(method, path, summary string) huma.Operation {
	op := huma.Operation{Method: method, Path: path, Summary: summary, OperationID: huma.GenerateOperationID(method, path, nil)}
	return op
}
