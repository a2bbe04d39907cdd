"""Past runs as a data frame, for notebooks.

pandas is an extra (`pip install 'setpoint[tables]'`): nothing else here needs it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from blocks.errors import QueryError
from memory.queries import Asked, query_runs

if TYPE_CHECKING:
    import pandas


def run_frame(
    store: Asked,
    *,
    exploration: str | None = None,
    where: str | None = None,
    sort: str | None = None,
    columns: Sequence[str] | None = None,
    limit: int | None = None,
) -> "pandas.DataFrame":
    """Runs as a data frame, a column per hyperparameter, metric and state; missing values are missing.

    Args:
        store: An open store.
        exploration: Runs of this one only.
        where: As of `query_runs`, like all that follow.
        sort: Columns to sort by.
        columns: Columns of the frame; all where it is None.
        limit: Rows at most.

    Raises:
        QueryError: As `query_runs`; or pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise QueryError(
            "a data frame must have pandas, but it is not installed; pip install 'setpoint[tables]'"
        ) from error
    table = query_runs(store, exploration=exploration, where=where, sort=sort, columns=columns, limit=limit)
    return pandas.DataFrame(table.rows, columns=list(table.columns)).convert_dtypes()
