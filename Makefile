# From audio to book: `make report`. `make` alone says what else there is.

PYTHON ?= python3
CORPUS ?= demo
NOTEBOOKS := exploratory easy medium hard
CORPORA := demo gtzan gtzan_table fma

BIN := .venv/bin
# A corpus given as a path is meant from here, and its results carry the folder's name; blanks,
# which make cannot have in the name of a file, become underscores.
space := $(subst ,, )
WHERE := $(if $(filter $(CORPUS),$(CORPORA)),$(CORPUS),$(or $(shell test -d "$(CORPUS)" && cd "$(CORPUS)" && pwd -P),$(CORPUS)))
RESULTS := $(or $(MUSIC_RESULTS),results)/$(notdir $(subst $(space),_,$(WHERE)))
EXECUTED := $(NOTEBOOKS:%=$(RESULTS)/notebooks/%.ipynb)
# Notebooks run in their own folder, where a relative path would mean another place.
ifdef MUSIC_DATA
override export MUSIC_DATA := $(abspath $(MUSIC_DATA))
endif
ifdef MUSIC_RESULTS
override export MUSIC_RESULTS := $(abspath $(MUSIC_RESULTS))
endif

.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: always help report pdf latex compare test fetch lab data check-install notebooks clean

help: ## list these targets
	@echo "make report [CORPUS=$(subst $(space),|,$(CORPORA))|/path/to/music], and:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

report: $(EXECUTED) ## environment, data, notebooks, and the book in HTML
	@echo "== building the book"
	@mkdir -p book/results && cp $(EXECUTED) book/results/
	@$(BIN)/music-clustering facts $(RESULTS) book/results/facts.json
	@$(BIN)/jupyter-book build . -W -n --keep-going -q
	@rm -rf _build/html/map && if [ -d $(RESULTS)/map ]; then cp -r $(RESULTS)/map _build/html/; fi
	@echo "== done: open _build/html/index.html; tables and figures are in $(RESULTS)/"

PAPER := _build/paper/_build/latex
pdf: latex report ## the report as a paper too: results/<corpus>/report.pdf (needs LaTeX)
	@echo "== building the paper"
	@$(BIN)/jupyter-book build . --toc _toc_paper.yml --path-output _build/paper --builder latex \
	  -W -n --keep-going -q >/dev/null
	@cd $(PAPER) && latexmk -pdf -interaction=nonstopmode -halt-on-error -quiet report.tex \
	  >latexmk.out 2>&1 || { grep -A3 '^!' report.log; echo "LaTeX failed: see $(PAPER)/report.log"; exit 1; }
	@cp $(PAPER)/report.pdf $(RESULTS)/report.pdf
	@echo "== done: $(RESULTS)/report.pdf"

# adjustbox and titlesec stand for texlive-latex-extra, mathptmx's metrics for the fonts
latex:
	@command -v latexmk >/dev/null && command -v pdflatex >/dev/null \
	  && kpsewhich adjustbox.sty titlesec.sty ptmr8t.tfm cmb10.pfb >/dev/null || { \
	  echo "LaTeX or a part of it is missing: apt install latexmk texlive-latex-recommended" \
	  "texlive-latex-extra texlive-fonts-recommended"; exit 1; }

# Kernels read there how to draw figures.
PROFILE := .cache/ipython/profile_default

# Papermill itself knows where the output goes: see lib/cli/papermill.py.
$(RESULTS)/notebooks/%.ipynb: notebooks/%.ipynb $(shell find lib -type f -not -name "*.pyc") .venv/installed $(RESULTS)/.corpus
	@echo "== running notebooks/$*.ipynb on $(CORPUS)"
	@mkdir -p $(PROFILE) && cp tools/ipython_kernel_config.py $(PROFILE)/
	@cd notebooks && PATH="$(abspath $(BIN)):$$PATH" IPYTHONDIR="$(abspath .cache/ipython)" \
	  papermill $*.ipynb -p corpus "$(WHERE)" </dev/null

data: $(RESULTS)/.corpus ## find the corpus, or compose the demo corpus

# Looked at each time, and written only when music, words or labels have changed.
$(RESULTS)/.corpus: .venv/installed always
	@$(BIN)/music-clustering prepare "$(WHERE)" $@

always:

# A worker that crashed is not started again: the others would wait for it for ever.
WORKERS := -n 2 --dist loadfile --max-worker-restart 0

test: .venv/installed ## style, layers, unit tests, notebooks in step and as stored
	@$(MAKE) --no-print-directory data CORPUS=demo
	@echo "== style"
	@$(BIN)/ruff check -q . && $(BIN)/ruff format --check -q .
	@echo "== layers"
	@$(BIN)/lint-imports --no-cache --no-logo
	@echo "== unit tests"
	@$(BIN)/python -m pytest $(WORKERS)
	@echo "== notebooks against their stored outputs"
	@TQDM_DISABLE=1 MUSIC_RESULTS=$$(mktemp -d) $(BIN)/python -m pytest $(WORKERS) --nbval --nbval-current-env \
	  --nbval-cell-timeout=7200 --nbval-kernel-startup-timeout=600 --nbval-sanitize-with tests/sanitize.cfg notebooks

compare: .venv/installed ## two runs on one page: make compare A=results/x B=results/y
	@$(BIN)/music-clustering compare "$(or $(A),$(error name two runs: make compare A=results/x B=results/y))" \
	  "$(or $(B),$(error name two runs: make compare A=results/x B=results/y))"

fetch: .venv/installed ## download FMA: make fetch CORPUS=fma SIZE=small|medium|large|full
	@$(BIN)/music-clustering fetch "$(WHERE)" $(SIZE)

lab: .venv/installed ## open the notebooks in JupyterLab
	@cd notebooks && PATH="$(abspath $(BIN)):$$PATH" jupyter lab

check-install: .venv/installed ## is everything there and working? (under a minute)
	@$(BIN)/music-clustering check

notebooks: .venv/installed ## after editing a notebook: bring its pair in step, store its outputs
	@$(BIN)/python tools/store_outputs.py $(NOTEBOOKS:%=notebooks/%.py)

clean: ## remove what runs made; keep the environment and the music
	rm -rf _build results book/results .cache

.venv/installed: requirements.txt pyproject.toml tools/environment.py
	@$(PYTHON) tools/environment.py .venv
	@touch $@
