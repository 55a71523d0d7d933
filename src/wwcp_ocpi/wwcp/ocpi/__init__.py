# SPDX-License-Identifier: AGPL-3.0-or-later
"""A roaming network towards OCPI partners: what they see of it. OCPI 2.3.0; other versions by conversion."""
