# SPDX-License-Identifier: AGPL-3.0-or-later
"""A few whole pages in memory: partners that poll ask for the same ones."""

from __future__ import annotations

from collections import OrderedDict

from wwcp_ocpi.store.ports import Page, PageRequest

_OVERHEAD = 1024


class PageCache:
    """Keeps at most so many bytes of pages, the least recently used goes first.

    Each page is kept with the generation of its list at the time of reading; it is good as long as that stands.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._pages: OrderedDict[PageRequest, tuple[Page, int, int]] = OrderedDict()

    def get(self, request: PageRequest) -> tuple[Page, int] | None:
        """The page and its generation."""
        found = self._pages.get(request)
        if found is None:
            return None
        self._pages.move_to_end(request)
        return found[0], found[1]

    def put(self, request: PageRequest, page: Page, generation: int) -> None:
        """Keep this page, in place of what was kept for the same request."""
        self.drop(request)
        size = _OVERHEAD + len(page.joined.opened)
        if size * 4 > self._max_bytes:
            return
        self._pages[request] = page, generation, size
        self._bytes += size
        while self._bytes > self._max_bytes:
            self._bytes -= self._pages.popitem(last=False)[1][2]

    def drop(self, request: PageRequest) -> None:
        """Forget one page."""
        found = self._pages.pop(request, None)
        if found is not None:
            self._bytes -= found[2]
