# SPDX-License-Identifier: AGPL-3.0-or-later
"""Run by alembic, on the connection and inside the transaction that `upgrade` opened."""

from alembic import context

from wwcp_ocpi.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
