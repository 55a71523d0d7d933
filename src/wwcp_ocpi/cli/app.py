# SPDX-License-Identifier: AGPL-3.0-or-later
"""The commands, put together, and the one place where an error becomes an exit code."""

from __future__ import annotations

import sys

import typer

from wwcp_ocpi.cli import audit, cdrs, export, feeds, party, pki, serve, wwcp
from wwcp_ocpi.cli.convert import convert
from wwcp_ocpi.cli.demo import demo
from wwcp_ocpi.cli.output import say
from wwcp_ocpi.cli.price import price
from wwcp_ocpi.cli.totp import totp
from wwcp_ocpi.protocol.errors import NotFound, OCPIError, UsageError

app = typer.Typer(
    name="wwcp-ocpi",
    help="A gateway between OCPI partners and a WWCP roaming network.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("serve")(serve.serve)
app.command("demo")(demo)
app.command("import")(feeds.import_)
app.command("export")(export.export)
app.command("losses")(export.losses)
app.command("validate")(feeds.validate)
app.command("price")(price)
app.command("totp")(totp)
app.command("convert")(convert)
app.add_typer(party.app, name="party")
app.add_typer(cdrs.app, name="cdrs")
app.add_typer(pki.app, name="pki")
app.add_typer(audit.app, name="audit")
app.add_typer(wwcp.app, name="wwcp")
app.add_typer(serve.config_app, name="config")


def main() -> None:
    """The entry point: wrong use and refusals end with a line, not with a traceback."""
    try:
        app()
    except (UsageError, NotFound) as error:  # NotFound is ours; what a partner does not find is Refused
        say(f"wwcp-ocpi: {error}")
        sys.exit(2)
    except (OCPIError, OSError) as error:
        say(f"wwcp-ocpi: {error}")
        sys.exit(1)
