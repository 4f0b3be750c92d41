from matplotlib.figure import Figure as MatplotlibFigure

from lib.report import Figure


def test_a_figure_says_its_caption_where_the_book_looks_for_it():
    _, metadata = Figure(MatplotlibFigure(), "A dot.", "fig-dot", "One dot")._repr_mimebundle_()
    assert metadata["mystnb"]["figure"] == {"caption": "A dot.", "name": "fig-dot"}
    assert metadata["mystnb"]["image"] == {"alt": "One dot"}
