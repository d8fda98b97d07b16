"""Every problem type has its page in both languages."""

from codesvc.web.problem_texts import CHINESE, text_of
from codesvc.web.problem_types import PROBLEMS


def test_each_type_has_both():
    assert CHINESE.keys() == PROBLEMS.keys()
    for problem in PROBLEMS.values():
        assert text_of(problem, "zh") == CHINESE[problem.name]
        assert text_of(problem, "en").title == problem.title
        # Names in backquotes are never translated, so the English texts have them too.
        for part in CHINESE[problem.name].meaning.split("`")[1::2]:
            assert part in f"{problem.meaning} {problem.remedy}", problem.name
