# SPDX-License-Identifier: AGPL-3.0-or-later
"""The verbs of WWCP between those who take part: who is asked, what is kept, whose answer counts."""
