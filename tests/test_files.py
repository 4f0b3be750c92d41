"""Every file is found once, however folders are linked."""

from lib import files


def tree(tmp_path, *names):
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(tmp_path, under):
    paths = files.walk(tmp_path / under)
    return sorted(path.relative_to(tmp_path).as_posix() for path in paths)


def test_links_are_followed_and_hidden_files_are_not(tmp_path):
    tree(tmp_path, "music/a/1", "music/.trash/2", "music/a/.3", "away/4")
    (tmp_path / "music" / "b").symlink_to(tmp_path / "away")
    assert found(tmp_path, "music") == ["music/a/1", "music/b/4"]


def test_links_that_lead_to_each_other_end(tmp_path):
    tree(tmp_path, "music/a/1", "music/b/2")
    for here, there in (("a/x", "b"), ("b/y", "a"), ("a/up", "."), ("b/self", "b")):
        (tmp_path / "music" / here).symlink_to(tmp_path / "music" / there)
    (tmp_path / "music" / "nowhere").symlink_to("nowhere")
    names = found(tmp_path, "music")
    assert names == ["music/a/1", "music/a/x/2", "music/b/2", "music/b/y/1", "music/nowhere"]


def test_a_folder_that_is_itself_a_link_may_hold_links_back(tmp_path):
    tree(tmp_path, "disk/music/a/1")
    (tmp_path / "home").symlink_to(tmp_path / "disk" / "music")
    (tmp_path / "disk" / "music" / "a" / "back").symlink_to(tmp_path / "home")
    (tmp_path / "disk" / "music" / "all").symlink_to(tmp_path / "disk")
    assert found(tmp_path, "home") == ["home/a/1"]
