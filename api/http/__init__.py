"""JSON routes and PKI endpoints, one module per resource."""
