"""IDENTITY: login at a balancer: sessions, states, what providers answer, what services and verifiers are told.

Law: pure; no sockets, no clock (times are handed in, in seconds since the epoch); nothing secret in a message.
Front doors: `seals.Seals` (what a browser keeps for us), `session`, `state`, `provider_answer` and `id_token` (a
provider's words, judged), `claims_token` (x-amzn-oidc-data), `bearer` (jwt-validation).
"""
