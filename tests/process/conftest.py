import pytest

from tests.process.processes import write_config


@pytest.fixture
def config(tmp_path):
    return write_config(tmp_path)
