"""Tests that run several times."""

from __future__ import annotations

import functools
import unittest
from typing import Any

__all__ = ["QuietTestRunner", "repeat", "repeat_with_success_at_least", "retry"]


class QuietTestRunner:
    """Runs tests without printing anything."""

    def run(self, suite: Any) -> unittest.TestResult:
        """Runs tests and returns their result."""
        result = unittest.TestResult()
        suite(result)
        return result


def repeat_with_success_at_least(times: int, min_success: int) -> Any:
    """A decorator: the test runs up to ``times`` times and must succeed ``min_success`` times."""
    if times < min_success:
        raise AssertionError(f"{min_success} successes in {times} runs")

    def decorate(method: Any) -> Any:
        @functools.wraps(method)
        def test(*args: Any, **kwargs: Any) -> None:
            instance = args[0]
            successes, failures = 0, []
            while successes < min_success:
                result = _run_once(instance, method, args[1:], kwargs)
                if result.skipped:
                    instance.skipTest(result.skipped[0][1])
                if result.wasSuccessful():
                    successes += 1
                    continue
                failures.append(result)
                if len(failures) > times - min_success:
                    _fail(instance, failures, successes)

        return test

    return decorate


def _run_once(instance: Any, method: Any, args: Any, kwargs: Any) -> unittest.TestResult:
    """Runs the test on a fresh instance, with its setUp and tearDown."""
    fresh = type(instance)(instance._testMethodName)

    def body() -> None:
        try:
            method(fresh, *args, **kwargs)
        except BaseException as error:  # pytest's own Skipped is no Exception
            if type(error).__name__ == "Skipped":
                raise unittest.SkipTest(str(error)) from None
            raise

    case = unittest.FunctionTestCase(body, setUp=fresh.setUp, tearDown=fresh.tearDown)
    return QuietTestRunner().run(unittest.TestSuite([case]))


def _fail(instance: Any, failures: list[Any], successes: int) -> None:
    first = failures[0]
    text = "\n".join(message for _, message in first.failures + first.errors)
    instance.fail(
        f"\nFail: {len(failures)}, Success: {successes}\n\nThe first error message:\n{text}"
    )


def repeat(times: int) -> Any:
    """A decorator: the test must succeed ``times`` times."""
    return repeat_with_success_at_least(times, times)


def retry(times: int) -> Any:
    """A decorator: the test must succeed once in ``times`` runs."""
    return repeat_with_success_at_least(times, 1)
