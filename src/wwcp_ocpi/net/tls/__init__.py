# SPDX-License-Identifier: AGPL-3.0-or-later
"""TLS in both directions, by pyOpenSSL: Python's own `ssl` does not give out exporter material (RFC 8446 section 7.5).

`settings` says what is wanted, `contexts` makes OpenSSL's side of it, `files` does so again when a file changes.
`stream` puts any asyncio protocol behind TLS, `session` is what is known of a connection. `incoming` is for uvicorn,
`outgoing` for aiohttp.
"""
