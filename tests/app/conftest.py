"""What tests of pages share."""

from collections.abc import Iterator

import pytest
import streamlit as st


@pytest.fixture(autouse=True)
def _no_cache() -> Iterator[None]:
    """Pages cache for all users; every test is a server of its own."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()
