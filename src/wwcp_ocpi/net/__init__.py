# SPDX-License-Identifier: AGPL-3.0-or-later
"""The only room with sockets: HTTP in by uvicorn, HTTP out by aiohttp, both carrying Request and Response.

Import from the modules themselves, so that a command that never opens a socket does not load a server.
"""
