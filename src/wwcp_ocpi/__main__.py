# SPDX-License-Identifier: AGPL-3.0-or-later
"""`python -m wwcp_ocpi` is `wwcp-ocpi`."""

from wwcp_ocpi.cli import main

if __name__ == "__main__":
    main()
