# SPDX-License-Identifier: AGPL-3.0-or-later
"""The bridge between versions: any object of OCPI 2.1.1, 2.2.1 and 2.3.0 in any other of them, and what was lost.

Pure functions between bodies. What each difference becomes is in the tables `v2_1_1_to_v2_2_1` and
`v2_2_1_to_v2_3_0`, and in docs/conversion.md, which is written from them.
"""

from wwcp_ocpi.convert.bridge import Converted, convert
from wwcp_ocpi.convert.context import NOTHING_KNOWN, ConnectorKind, Context, Known
from wwcp_ocpi.convert.merging import merge_back
from wwcp_ocpi.convert.v2_1_1_to_v2_2_1.sessions import issuer_of
from wwcp_ocpi.convert.work import Loss

__all__ = [
    "NOTHING_KNOWN",
    "ConnectorKind",
    "Context",
    "Converted",
    "Known",
    "Loss",
    "convert",
    "issuer_of",
    "merge_back",
]
