"""Delta debugging: a shorter list that still fails."""


def shrink(items, fails):
    """Removes runs of items, long ones first, as long as fails(rest) is true."""
    size = len(items) // 2
    while size:
        shorter = _without_runs(items, size, fails)
        if len(shorter) == len(items):
            size //= 2
        items = shorter
        size = min(size, len(items))
    return items


def _without_runs(items, size, fails):
    at = 0
    while at < len(items):
        rest = items[:at] + items[at + size:]
        if rest and fails(rest):
            items = rest
        else:
            at += size
    return items
