from sources.definitions import context


def test_a_context_needs_no_reader_of_its_own_for_included_files() -> None:
    made = context()
    assert made.read_file is None
    assert made.project_folder is None
