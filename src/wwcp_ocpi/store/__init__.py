# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where objects, partners and outstanding pushes are kept. `ports` says what a store does; the rest does it."""
