"""What a panel gives beside its live view, and what a headless run stores of its figures."""

import numpy as np
import plotly.graph_objects as go
from hypothesis import given
from hypothesis import strategies as st

from lcm_core.widgets import LawExplorer, OperatorPlayground, TreeExplorer
from lcm_core.widgets.base.in_words import plain_text
from lcm_core.widgets.base.plotly_inside import SharedFigureWidget
from lcm_core.widgets.base.table import row_html, table_html

VIEW = "application/vnd.jupyter.widget-view+json"


def test_a_panel_is_displayed_as_a_live_view_and_in_words() -> None:
    panel = TreeExplorer("sum", values=[3, 9, 4])
    bundle = panel._repr_mimebundle_()
    assert bundle[VIEW]["model_id"] == panel.model_id
    words = bundle["text/plain"]
    assert words.startswith("TreeExplorer\n\n")
    assert "16" in words
    assert "<" not in words
    assert max(map(len, words.splitlines())) <= 100
    panel.close()


def test_words_follow_the_panel_and_have_what_more_unfolds() -> None:
    panel = OperatorPlayground("x + y")
    assert "commutativity: holds on all" in panel.words()
    panel.formula_text.value = "x - y"
    assert "commutativity: holds on all" not in panel.words()
    panel.close()
    laws = LawExplorer(("sum",), channels=2)
    assert "Population: 512 elements" in laws.words()
    laws.close()


def test_tables_become_columns() -> None:
    rows = [row_html("sum", ["0", "12.5"]), row_html("mean &amp; max", ["3", "1"])]
    text = plain_text("<p>Errors</p>" + table_html("operator", ["a", "b"], rows) + "<b>Done.</b>")
    assert text == ("Errors\noperator    a     b\nsum         0  12.5\nmean & max  3     1\nDone.")


@given(st.text(st.characters(exclude_characters="<>&\r", exclude_categories=("Cs", "Cc"))))
def test_text_without_markup_stays(text: str) -> None:
    assert plain_text(text).split() == text.split()


def test_a_word_with_a_hyphen_stays_whole_where_lines_end() -> None:
    """Alternative texts of still pictures join the lines by blanks."""
    for blanks in range(80, 101):
        text = "x" * blanks + " 21 re-associations"
        assert plain_text(f"<p>{text}</p>").replace("\n", " ") == text


def test_no_message_of_a_figure_has_a_buffer_that_may_lose_its_place() -> None:
    sent = []
    figure = SharedFigureWidget(go.Figure(go.Scatter(y=np.array([1.0, np.nan]))))
    figure.comm.publish_msg = lambda *_, buffers=None, **kept: sent.append((kept, buffers))
    figure.add_traces([go.Scatter(y=np.arange(3.0))])
    with figure.batch_update():
        figure.data[0].y = np.array([2.0, np.inf, 5.0])
    figure.save_state()
    assert len(sent) > 4
    assert not any(buffers for _, buffers in sent)
    state = figure.get_state()
    assert [trace["y"] for trace in state["_widget_data"]] == [[2.0, None, 5.0], [0.0, 1.0, 2.0]]
    figure._view_count = 1  # from now on speed counts
    figure.data[1].y = np.arange(4.0)
    assert [bytes(buffer) for _, buffers in sent for buffer in buffers or []] == [
        np.arange(4.0).tobytes()
    ]
