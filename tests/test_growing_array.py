"""Arrays that grow by chunks hold what was appended."""

import numpy as np
import pytest

from bodydouble.data import growing_array
from bodydouble.data.growing_array import ArrayPool, GrowingArray


@pytest.mark.parametrize("chunk_bytes", [8, 24, 1000])
def test_rows_come_back_in_order_once(chunk_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing_array, "CHUNK_BYTES", chunk_bytes)
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=(count, 2)).astype(np.float32) for count in (3, 0, 1, 17, 2)]
    array = GrowingArray((2,), np.float32)
    for part in parts:
        array.extend(part)
    assert len(array) == 23
    np.testing.assert_array_equal(array.take(), np.concatenate(parts))
    assert len(array) == 0
    assert array.take().shape == (0, 2)


def test_arrays_of_a_pool_do_not_share_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing_array, "CHUNK_BYTES", 100)
    pool, rng = ArrayPool(), np.random.default_rng(1)
    values = [rng.normal(size=shape) for shape in ((4,), (3, 3), (2, 2), (0, 3), (12,))]
    kept = [pool.copy(value) for value in values]
    for value, copy in zip(values, kept, strict=True):
        np.testing.assert_array_equal(copy, value)
    kept[0][:] = 0.0
    np.testing.assert_array_equal(kept[1], values[1])
