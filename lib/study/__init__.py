"""The verbs of the notebooks: represent, learn, score, show, save."""

from lib.study.hard import HardStudy, by_beta
from lib.study.representation import representation
from lib.study.study import Study

__all__ = ["HardStudy", "Study", "by_beta", "representation"]
