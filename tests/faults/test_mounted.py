"""A file under a second name by a mount, as containers see it: shared or refused (rule L7)."""

import subprocess
import sys
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from file_steps import found, opened, put_all, put_at_once, refused
from kit.caller import Caller
from kit.worker import OTHER
from mounts import mount_privately

SUITES = Path(__file__).parents[1]


@pytest.fixture
def mounted(tmp_path: Path) -> Callable[[Path, Path], Callable[[], None]]:
    """What mounts ``source`` at ``target`` in a new process, where that may be done."""
    probe = f"""
        import sys
        sys.path.insert(0, {str(SUITES)!r})
        from faults.mounts import mount_privately
        from pathlib import Path
        mount_privately(Path({str(tmp_path)!r}), Path({str(tmp_path)!r}))
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(probe)], capture_output=True, text=True, check=False
    )
    if ran.returncode != 0:
        pytest.skip(f"this user may not mount: {ran.stderr.strip().splitlines()[-1]}")
    return lambda source, target: partial(mount_privately, source, target)


def test_l7_a_file_mounted_alone_is_refused(
    caller: Caller,
    language: str,
    url: str,
    path: Path,
    tmp_path: Path,
    mounted: Callable[[Path, Path], Callable[[], None]],
) -> None:
    opened(caller, url)
    keys = put_all(caller, "before.")
    alone = tmp_path / "container" / "app.db"
    alone.parent.mkdir()
    alone.touch()
    with Caller(OTHER[language], before=mounted(path, alone)) as other:
        said = refused(other, f"file:{alone}")
        assert "through another lock file" in said
        assert "mount the folder that it is in" in said
        keys |= put_all(caller, "after.")
        caller.call("close")
        # With nobody else there it is a store like any other, and the other way round.
        opened(other, f"file:{alone}")
        keys |= put_all(other, "mounted.")
        assert "through another lock file" in refused(caller, url)
        other.call("close")
    assert found(url) == keys


def test_l7_a_folder_mounted_elsewhere_is_shared(
    caller: Caller,
    language: str,
    url: str,
    path: Path,
    tmp_path: Path,
    mounted: Callable[[Path, Path], Callable[[], None]],
) -> None:
    folder, volume = tmp_path / "folder", tmp_path / "volume"
    folder.mkdir()
    volume.mkdir()
    opened(caller, f"file:{folder}/{path.name}")
    keys = put_all(caller, "one.")
    with Caller(OTHER[language], before=mounted(folder, volume)) as other:
        opened(other, f"file:{volume}/{path.name}")
        keys |= put_all(other, "other.")
        assert set(caller.call("keys")) == set(other.call("keys")) == keys
        keys |= put_at_once(caller, other)
        caller.call("close")
        other.call("close")
    assert found(f"file:{folder}/{path.name}") == keys
