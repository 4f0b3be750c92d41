"""How kernels that make starts draw figures: as PNG for the screen and as PDF for the paper."""

c = get_config()  # noqa: F821 (IPython gives it)
c.InlineBackend.figure_formats = {"png", "pdf"}
c.InlineBackend.print_figure_kwargs = {"bbox_inches": "tight", "dpi": 150}
c.HistoryManager.enabled = False
