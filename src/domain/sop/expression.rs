//! A condition of a rule: CEL over facts, checked when procedures are read.
//!
//! `cel` itself knows types and names only while it runs, so that a misspelt fact would be found
//! on the day the rule is needed. `typing` finds it at load; what remains for the run is
//! arithmetic (a division by zero, an overflow), and that is a high finding.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use cel::{Context, Env, ExecutionError, Program, Value};

use super::typing::{self, Mention};
use crate::domain::facts::{FactValue, Facts};
use crate::domain::text::printable;

/// Longer conditions are not read by anybody; it also bounds what one evaluation can cost.
pub const MAX_CHARACTERS: usize = 500;

/// The parser of `cel` takes up to 100 KiB of stack for one opening bracket, which an ordinary
/// thread has for twenty; this is enough for as many as an expression can have. What is parsed is
/// nested no deeper than `typing` allows, and needs no such thread any more.
const PARSER_STACK: usize = 64 * 1024 * 1024;

/// The functions and macros of CEL; built once, for it takes a hundred times an evaluation.
static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A condition that names only facts that exist and is true or false for all of them.
#[derive(Debug)]
pub struct Expression {
    source: String,
    program: Program,
    reads: BTreeSet<&'static str>,
    mentions: Vec<Mention>,
}

/// Why a condition has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EvaluationError(String);

/// Facts in the form in which conditions are evaluated; made once for all rules.
pub struct KnownFacts(Context<'static, 'static>);

impl Expression {
    /// # Errors
    ///
    /// Everything that is wrong with it, each in a sentence.
    pub fn compile(source: &str) -> Result<Self, Vec<String>> {
        if source.chars().count() > MAX_CHARACTERS {
            return Err(vec![format!(
                "must be at most {MAX_CHARACTERS} characters long: split it into several rules"
            )]);
        }
        let failed = |reason: &str| Err(vec![format!("could not be checked: {reason}")]);
        std::thread::scope(|scope| {
            let parsing = std::thread::Builder::new()
                .stack_size(PARSER_STACK)
                .spawn_scoped(scope, || Self::parse(source));
            match parsing.map(std::thread::ScopedJoinHandle::join) {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => failed("the parser of CEL broke down over it"),
                Err(error) => failed(&error.to_string()),
            }
        })
    }

    fn parse(source: &str) -> Result<Self, Vec<String>> {
        let program = LANGUAGE.compile(source).map_err(|errors| {
            errors
                .errors
                .iter()
                .map(syntax_mistake)
                .collect::<Vec<String>>()
        })?;
        let checked = typing::check_condition(program.expression())?;
        Ok(Self {
            source: source.to_owned(),
            program,
            reads: checked.reads,
            mentions: checked.mentions,
        })
    }

    /// # Errors
    ///
    /// When it divides by zero or a number grows out of its range.
    pub fn holds(&self, facts: &KnownFacts) -> Result<bool, EvaluationError> {
        match self.program.execute(&facts.0) {
            Ok(Value::Bool(answer)) => Ok(answer),
            Ok(_) => Err(EvaluationError("it is neither true nor false".to_owned())),
            Err(ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_)) => {
                Err(EvaluationError("it divides by zero".to_owned()))
            }
            Err(other) => Err(EvaluationError(printable(&other.to_string(), 200))),
        }
    }

    /// As it stands in the file.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The facts that it looks at.
    pub fn reads(&self) -> &BTreeSet<&'static str> {
        &self.reads
    }

    /// The services and environments that it compares facts with.
    pub fn mentions(&self) -> &[Mention] {
        &self.mentions
    }
}

impl KnownFacts {
    pub fn new(facts: &Facts) -> Self {
        let mut context = Context::with_env(Arc::clone(&LANGUAGE));
        for (group, values) in facts.groups() {
            let members: HashMap<String, Value> = values
                .into_iter()
                .map(|(name, value)| (name.to_owned(), cel_value(value)))
                .collect();
            context.add_variable_from_value(group, members);
        }
        Self(context)
    }
}

fn cel_value(value: FactValue) -> Value {
    match value {
        FactValue::Bool(value) => value.into(),
        FactValue::Number(value) => value.into(),
        FactValue::Text(value) => value.into(),
        FactValue::Texts(values) => values.into(),
    }
}

/// Whether a regular expression can be used; `matches` would say so only when it runs.
pub(super) fn pattern_mistake(pattern: &str) -> Option<String> {
    static MATCHES: LazyLock<Option<Program>> =
        LazyLock::new(|| LANGUAGE.compile("''.matches(pattern)").ok());
    let mut context = Context::with_env(Arc::clone(&LANGUAGE));
    context.add_variable_from_value("pattern", pattern);
    let error = MATCHES.as_ref()?.execute(&context).err()?;
    Some(format!(
        "\"{}\" is not a regular expression: {}",
        printable(pattern, 80),
        printable(&error.to_string(), 200)
    ))
}

fn syntax_mistake(error: &cel::ParseError) -> String {
    // The parser lists every token that it would have taken; nobody reads that.
    let what = error.msg.split(" expecting ").next().unwrap_or_default();
    let what = match what.trim_start_matches("Syntax error: ") {
        // The parser's limit of recursion arrives as a Rust value in its debug form.
        internal if internal.starts_with("OtherError") => "it is nested too deeply",
        what => what,
    };
    format!(
        "is not a CEL expression: {} (line {}, character {} of the expression)",
        printable(what, 120),
        error.pos.0,
        error.pos.1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(source: &str) -> String {
        Expression::compile(source).expect_err(source).join("\n")
    }

    fn holds(source: &str) -> Result<bool, EvaluationError> {
        let expression = Expression::compile(source).unwrap_or_else(|e| panic!("{source}: {e:?}"));
        expression.holds(&KnownFacts::new(&Facts::example()))
    }

    #[test]
    fn ordinary_conditions_are_true_or_false() {
        for source in [
            "plan.environment == 'staging' && size(plan.tests) > 0",
            "plan.action in ['deploy', 'promote']",
            "'run_test' in plan.steps",
            "time.weekday != 'friday' || time.hour < 15",
            "time.date < '2026-12-18' || time.date > '2027-01-03'",
            "['-12-24', '-12-25'].all(day, !time.date.endsWith(day))",
            "!plan.scripts.exists(script, script.contains('backup'))",
            "plan.reference.matches('^v[0-9]+[.][0-9]+[.][0-9]+$')",
            "plan.commit.size() == 40 && -live.age_hours < 0 && time.hour % 2 == 0",
            "(live.exists ? live.quality : 'verified') == 'verified'",
            "plan.tests == ['unit']",
            "[] == plan.scripts",
            "plan.tests.exists_one(test, test == plan.tests_is_not_read || true)"
                .replace("plan.tests_is_not_read", "'unit'")
                .as_str(),
        ] {
            assert_eq!(holds(source), Ok(true), "{source}");
        }
    }

    #[test]
    fn misspelt_names_are_refused_with_the_right_one() {
        for (source, wrong, right) in [
            (
                "plan.enviroment == 'production'",
                "plan.enviroment",
                "plan.environment",
            ),
            (
                "plans.environment == 'production'",
                "plans.environment",
                "plan.environment",
            ),
            ("size(plan.test) > 0", "plan.test", "plan.tests"),
            ("has(time.our)", "time.our", "time.hour"),
            ("plan.action == 'deplyo'", "deplyo", "deploy"),
            (
                "'tuesday' == time.weekday || time.weekday in ['Friday']",
                "Friday",
                "friday",
            ),
            ("'run_tests' in plan.steps", "run_tests", "run_test"),
            ("plan.steps.exists(s, s == 'swich')", "swich", "switch"),
            (
                "plan.service.startswith('shop')",
                "startswith",
                "startsWith",
            ),
        ] {
            let text = mistakes(source);
            assert!(text.contains(&format!("\"{wrong}\"")), "{source}: {text}");
            assert!(
                text.contains(&format!("did you mean \"{right}\"")),
                "{source}: {text}"
            );
        }
    }

    #[test]
    fn all_mistakes_of_one_condition_are_reported() {
        let found = Expression::compile(
            "plan.enviroment == 'x' && size(plan.test) > 0 || plan.action == 'deplyo'",
        );
        assert_eq!(found.unwrap_err().len(), 3);
    }

    #[test]
    fn what_has_no_sense_is_refused_at_load() {
        for (source, part) in [
            ("plan.tests > 3", "compares a list of text with a number"),
            ("plan.tests", "must be true or false, and is a list of text"),
            ("plan", "\"plan\" is a group"),
            ("environment == 'x'", "no fact \"environment\""),
            ("plan.environment.name == 'x'", "has no member"),
            ("plan.tests[0] == 'unit'", "may lie outside"),
            ("live.age_hours > 1.5", "whole number"),
            ("plan.commit.matches('(')", "not a regular expression"),
            ("plan.tests.exists(t, t.matches('a'))", "outside"),
            (
                "plan.tests.exists(t, plan.scripts.exists(s, s == t))",
                "inside another",
            ),
            ("size(plan.tests.filter(t, t == 'a')) > 0", "exists"),
            ("plan.tests.exists(t, tt == 'a')", "no fact \"tt\""),
            ("live.exists && 'yes'", "true or false"),
            (
                "timestamp('2026-11-21T00:00:00Z') == time.date",
                "no function \"timestamp\"",
            ),
            ("{'a': 1} == {'a': 1}", "map"),
            ("plan.action ==", "not a CEL expression"),
            ("", "not a CEL expression"),
            ("time.hour in 3", "needs a list"),
            ("size(time.hour) > 0", "needs text or a list"),
            ("live.exists ? 1 : 'a'", "different"),
            ("-plan.service == 'a'", "number"),
            ("has(plan.tests)", "every fact exists"),
            ("plan.?tests == 'a'", "no function"),
            ("[1, 'a'] == [2]", "one kind"),
        ] {
            let text = mistakes(source);
            assert!(text.contains(part), "{source}: {text}");
        }
        assert!(mistakes(&format!("plan.service == '{}'", "a".repeat(500))).contains("500"));
    }

    #[test]
    fn deep_nesting_is_refused_or_answered_within_the_stack_of_a_thread() {
        for (open, middle, close) in [
            ("(", "true", ")"),
            ("!", "true", ""),
            ("[", "", "]"),
            ("true||", "true", ""),
            ("true?true:", "true", ""),
            ("size(", "plan.tests", ")"),
            ("-", "1", ""),
            ("1+", "1", ""),
            ("true==", "true", ""),
            ("{1:", "1", "}"),
            ("plan.tests.exists(x,", "true", ")"),
        ] {
            let deepest = (MAX_CHARACTERS - middle.len()) / (open.len() + close.len());
            for depth in [10, 90, deepest] {
                let source = format!("{}{middle}{}", open.repeat(depth), close.repeat(depth));
                if let Ok(expression) = Expression::compile(&source) {
                    assert!(
                        expression
                            .holds(&KnownFacts::new(&Facts::example()))
                            .is_ok()
                    );
                }
            }
        }
    }

    #[test]
    fn arithmetic_that_fails_is_an_error_and_not_an_answer() {
        for source in ["7 / plan.scripts.size() > 1", "7 % size(plan.scripts) == 1"] {
            assert_eq!(
                holds(source).unwrap_err().to_string(),
                "it divides by zero",
                "{source}"
            );
        }
        assert!(holds("9223372036854775807 + time.hour > 0").is_err());
    }

    #[test]
    fn what_it_reads_and_which_names_it_compares_is_known() {
        let source = "plan.environment in ['prod', 'live'] && 'qa' in release.verified_in \
                      && plan.service != 'shop' && time.hour > 3";
        let expression = Expression::compile(source).unwrap();
        let reads: Vec<&str> = expression.reads().iter().copied().collect();
        assert_eq!(
            reads,
            [
                "plan.environment",
                "plan.service",
                "release.verified_in",
                "time.hour"
            ]
        );
        let names: Vec<&str> = expression
            .mentions()
            .iter()
            .map(|m| m.name.as_str())
            .collect();
        assert_eq!(names, ["prod", "live", "qa", "shop"]);
    }
}
