"""A document from elsewhere: read by line, understood where it can be, stored once, forgotten on request."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_history import explored, new_store, spec

from blocks.errors import QueryError
from blocks.exploration import ExplorationSpec, StrategyChoice
from blocks.vocabulary import Vocabulary
from memory.prior_claims import claims_of
from memory.seed_document import LineKind, read_document, read_lines
from memory.steering_lines import Place
from memory.store import Store

SEED = """# Working memory of an earlier study

### Context
- Thirteen blocks, most of them lost.

### What was learned

**Signal**
- The signal is weak.
- lr_node_homeo must be higher than lr_emb_homeo (the node learns first)

**Time step:**
- time_step=4: too short
- time_step=32: best balance of signal
  and noise
- time_step=64: strongest signal but noisy

**Training strategies**
1. Signal amplification (10x): makes the gradients comparable
2. Kaiming re-initialization: enables gradient flow

### Established Principles
- Do not read labels while training
- The earlier best results were not valid baselines

### Refuted
- ~~a larger batch helps~~ refuted in block 3

### Void baselines
- Runs 101 to 140

### Key open problem
- Do the embeddings separate?

### Block 1 Plan
- Start with the baselines

```
- not a statement
```
"""


def seed_spec() -> ExplorationSpec:
    made = spec()
    return made.model_copy(
        update={
            "baseline": {**made.baseline, "lr_emb_homeo": 1e-3},
            "strategies": StrategyChoice(
                baseline=("amplification", "rollout"), open=("residual", "reinitialisation")
            ),
        }
    )


WORDS = Vocabulary(seed_spec())


def test_headings_say_what_lines_are_and_every_line_keeps_its_number() -> None:
    found = {line.line: (line.kind, line.text) for line in read_lines(SEED)}
    numbered = dict(enumerate(SEED.splitlines(), 1))
    assert all(text.split()[0] in numbered[number] for number, (_, text) in found.items())
    kinds = {kind: [text for k, text in found.values() if k is kind] for kind in LineKind}
    assert kinds[LineKind.VOID] == ["The earlier best results were not valid baselines", "Runs 101 to 140"]
    assert kinds[LineKind.REFUTED] == ["~~a larger batch helps~~ refuted in block 3"]
    assert kinds[LineKind.QUESTION] == ["Do the embeddings separate?"]
    assert len(kinds[LineKind.STATEMENT]) == 8
    assert "time_step=32: best balance of signal and noise" in kinds[LineKind.STATEMENT]
    told = " ".join(text for _, text in found.values())
    assert not {"Thirteen", "baselines first", "Start", "statement"} & set(told.split())


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("time_step=32: best balance of signal and noise", [("prefer", "time_step", "value", 32)]),
        ("time_step=4: too short", [("avoid", "time_step", "value", 4)]),
        ("time_step 32 beats 4", [("prefer", "time_step", "value", 32)]),
        (
            "lr_node_homeo must be higher than lr_emb_homeo",
            [("prefer", "lr_node_homeo", "above", "lr_emb_homeo")],
        ),
        (
            "lr_emb_homeo should be lower than lr_node_homeo",
            [("prefer", "lr_node_homeo", "above", "lr_emb_homeo")],
        ),
        ("lr_node_homeo above 0.05 diverges", [("avoid", "lr_node_homeo", "at least", 0.05)]),
        ("lr_node_homeo >= 1E-3 is needed", [("prefer", "lr_node_homeo", "at least", 1e-3)]),
        ("Higher lr_node_homeo helps", [("prefer", "lr_node_homeo", "higher", None)]),
        ("Higher lr_node_homeo hurts", [("prefer", "lr_node_homeo", "lower", None)]),
        ("avoid residual", [("avoid", "residual", "strategy", None)]),
        ("Residual supervision beats rollout", [("prefer", "residual", "strategy", None)]),
        (
            "Signal amplification (10x): makes the gradients comparable",
            [("prefer", "amplification", "strategy", None), ("prefer", "amplification.gain", "value", 10.0)],
        ),
        (
            "Kaiming re-initialization: enables gradient flow",
            [("prefer", "reinitialisation", "strategy", None)],
        ),
    ],
)
def test_what_can_be_tested_is_understood(text: str, claims: list[tuple[object, ...]]) -> None:
    found = claims_of(text, WORDS, heading="Training strategies")
    assert [(one.direction, one.subject, one.kind, one.value) for one in found] == claims


def test_a_condition_is_kept_with_what_it_conditions() -> None:
    (claim,) = claims_of("residual helps at time_step=32", WORDS)
    assert claim.condition == (("time_step", 32),)
    assert claim.follows({"time_step": 4}, ()) is None
    assert claim.follows({"time_step": 32}, ()) is False


@pytest.mark.parametrize(
    "text",
    [
        "The signal is weak.",
        "time_step=64: strongest signal but noisy",
        "time_step=33: best",
        "residual does not help",
        "Do not read labels while training",
        "nobody knows whether residual matters",
    ],
)
def test_what_praises_and_blames_or_denies_or_names_nothing_stays_text(text: str) -> None:
    assert claims_of(text, WORDS) == []


@given(text=st.text(max_size=300), heading=st.text(max_size=30))
def test_no_text_breaks_the_reader(text: str, heading: str) -> None:
    for line in read_lines(f"# {heading}\n{text}"):
        claims_of(line.text, WORDS, heading=line.heading)


def write(folder: Path, text: str = SEED, name: str = "seed.md") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_importing_twice_changes_nothing_and_forgetting_undoes_it(tmp_path: Path) -> None:
    document = read_document(write(tmp_path))
    with new_store(tmp_path / "w") as store:
        assert store.import_document(document, exploration=None)
        before = store.priors_as_of("made_up", Place(1, 1))
        events = len(store.events())
        again = read_document(write(tmp_path, name="renamed.md"))
        assert not store.import_document(again, exploration=None)
        assert not store.import_document(again, exploration="made_up")
        assert store.priors_as_of("made_up", Place(1, 1)) == before
        assert len(store.events()) == events
        assert {(line.source, line.text) for line in before} == {
            (f"seed.md:{line.line}", line.text) for line in document.lines
        }
        with pytest.raises(QueryError, match=r"got 'other.md'; known: seed.md"):
            store.forget_document("other.md", exploration=None)
        assert store.forget_document("seed.md", exploration=None) == ["seed.md"]
        assert store.priors_as_of("made_up", Place(1, 1)) == []
        assert store.documents() == []
        assert store.import_document(document, exploration="other")
        assert store.priors_as_of("made_up", Place(1, 1)) == []


def test_knowledge_may_come_before_the_exploration_and_holds_from_the_batch_that_took_it_up(
    tmp_path: Path,
) -> None:
    with explored(tmp_path / "w") as store:  # block 1 is over
        store.import_document(read_document(write(tmp_path)), exploration=None)
        assert store.priors_as_of("made_up", Place(1, 2)) == []
        assert store.priors_as_of("made_up", Place(2, 1))
        store.take_up_priors("made_up", Place(2, 1))
        store.forget_document("seed.md", exploration=None)
        store.take_up_priors("made_up", Place(2, 2))
        assert store.priors_as_of("made_up", Place(2, 1))
        assert store.priors_as_of("made_up", Place(2, 2)) == []
    with Store.open(new_store(tmp_path / "empty").workspace) as empty:
        empty.import_document(read_document(tmp_path / "seed.md"), exploration=None)
        assert empty.priors_as_of("made_up", Place(1, 1))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"\xff\xfe", "must be UTF-8 text"),
        (b"# Nothing\n\nProse alone.\n", "must state something in list items"),
    ],
)
def test_what_is_no_document_is_one_clear_line(tmp_path: Path, content: bytes, error: str) -> None:
    path = tmp_path / "seed.md"
    path.write_bytes(content)
    with pytest.raises(QueryError, match=error):
        read_document(path)
    with pytest.raises(QueryError, match="cannot be read"):
        read_document(tmp_path / "missing.md")
