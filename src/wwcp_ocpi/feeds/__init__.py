# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files of OCPI objects, as real feeds have them: read, checked, completed where asked for, stored, written."""
