"""What Gateline is compared with: Envoy with ext_authz and nginx with auth_request, each with a Python authorizer."""
