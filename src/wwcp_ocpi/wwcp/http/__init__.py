# SPDX-License-Identifier: AGPL-3.0-or-later
"""The WWCP HTTP API: `face` answers requests about a roaming network, `node` asks those of others.

`routes` is the table of what is served; the modules it names hold a handler for each row. No socket is opened here.
"""
