"""The table that a run prints."""

COLUMNS = ("size", "threads", "engine", "median", "min", "ratio", "labels", "ratio", "load+first", "peak RSS",
           "ratio", "of FMA peak", "labels differ")


def format_table(rows):
    lines = [COLUMNS] + [_cells(row, _ours(rows, row)) for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths)) for line in lines)


def _ours(rows, row):
    return next(r for r in rows if r["engine"] == "segforge" and _case(r) == _case(row))


def _case(row):
    return row["size"], row["threads"]


def _cells(row, ours):
    share = row.get("fma_share")
    differ = row.get("labels_differ")
    return (
        f"{row['size']}²", str(row["threads"]), row["engine"],
        f"{row['median_ms']:.1f} ms", f"{row['min_ms']:.1f}", f"{row['median_ms'] / ours['median_ms']:.2f}x",
        f"{row['labels_median_ms']:.1f} ms", f"{row['labels_median_ms'] / ours['labels_median_ms']:.2f}x",
        f"{row['load_ms'] + row['first_ms']:.0f} ms",
        f"{row['peak_rss_bytes'] / 2**20:.0f} MiB", f"{row['peak_rss_bytes'] / ours['peak_rss_bytes']:.2f}x",
        "" if share is None else f"{share:.0%}",
        "" if differ is None else f"{differ:.1e}",
    )
