from ptyd.core.conversation import MAX_EARLIER, ConversationState, folder_of


def test_a_program_that_moves_on() -> None:
    state = ConversationState(id="a", config_dir="/c", folder="-r")
    assert (state.ids, state.path) == (["a"], "/c/projects/-r/a.jsonl")
    moved = state.moved_to("b").moved_to("a")
    assert (moved.id, moved.ids) == ("a", ["b", "a"])
    assert ConversationState().ids == [] and ConversationState().path == ""
    for number in range(100):
        state = state.moved_to(str(number))
    assert len(state.earlier) == MAX_EARLIER and state.ids[-2:] == ["98", "99"]


def test_the_clis_name_for_a_directory() -> None:
    assert folder_of("/tmp/cx-pdm_1/a.b ä") == "-tmp-cx-pdm-1-a-b--"
