"""The session's state on its own: what widgets show, and which model comes into use."""

from streamlit.testing.v1 import AppTest


def slider_page() -> None:
    import streamlit as st

    from app import state

    reach = st.session_state["reach"]
    state.show("moved", 3, reach)
    st.slider("moved", -reach, reach, key="moved")


def test_a_slider_of_another_reach_shows_the_same_value() -> None:
    """Streamlit takes it for a new one, which would stand at its least value."""
    app = AppTest.from_function(slider_page)
    for reach in (16, 14, 14, 16):
        app.session_state["reach"] = reach
        app.run()
        assert (app.slider(key="moved").value, app.slider(key="moved").min) == (3, -reach)


def test_a_link_to_a_place_opens_there(app: AppTest) -> None:
    """The first picture, which stands there before anybody has chosen one, takes nothing of the link back."""
    app.query_params.update({"layer": "conv2", "unit": "3", "at": "2~5", "mirror": "1"})
    app.run()
    shown = app.session_state["view"]
    assert (shown.layer, shown.unit, shown.place, shown.edits.mirror) == ("conv2", 2, (1, 4), True)
    app.run()
    assert app.session_state["view"] == shown


def test_another_model_has_other_rows_and_units(app: AppTest) -> None:
    """A neighbour that was clicked, a unit and a place are those of the model before."""
    app.query_params.update({"unit": "3", "at": "2~2", "query": "5", "why": "2"})
    app.run()
    before = app.session_state["view"]
    assert (before.unit, before.place, before.query, before.why) == (2, (1, 1), 4, 1)

    def use() -> None:
        from app import state

        state.use_model("toy", class_id="n1")

    script = AppTest.from_function(use)
    script.session_state["view"] = before
    script.run()
    after = script.session_state["view"]
    assert (after.model, after.class_id) == ("toy", "n1")
    assert (after.unit, after.place, after.query, after.why) == (None, None, None, None)
