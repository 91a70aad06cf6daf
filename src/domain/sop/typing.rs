//! What a condition means, found before it runs: which facts it reads, whether its parts fit.
//!
//! Rules may use a small part of CEL: comparisons, `&&`, `||`, `!`, `? :`, `in`, whole-number
//! arithmetic, `size`, `contains`, `startsWith`, `endsWith`, `matches` with a literal pattern,
//! and `exists`, `all`, `exists_one` one level deep. The rest is refused, because it can fail or
//! grow while it runs and no procedure needs it.

use std::collections::BTreeSet;

use cel::common::ast::operators as op;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SelectExpr};

use super::expression::pattern_mistake;
use super::types::{Type, Words};
use crate::domain::facts::{FACTS, Place, WrongFact, closest, fact, quoted};
use crate::domain::text::printable;

/// A name of the catalogue that a condition compares a fact with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    pub place: Place,
    pub name: String,
}

/// What was learned about a condition without mistakes.
pub(super) struct Checked {
    pub reads: BTreeSet<&'static str>,
    pub mentions: Vec<Mention>,
}

/// # Errors
///
/// All mistakes, each in a sentence.
pub(super) fn check_condition(expression: &IdedExpr) -> Result<Checked, Vec<String>> {
    let mut typing = Typing::default();
    if let Some(found) = typing.of(expression)
        && found != Type::Bool
    {
        typing.wrong(format!("must be true or false, and is {found}"));
    }
    if typing.mistakes.is_empty() {
        Ok(Checked {
            reads: typing.reads,
            mentions: typing.mentions,
        })
    } else {
        Err(typing.mistakes)
    }
}

const FUNCTIONS: [&str; 5] = ["size", "contains", "startsWith", "endsWith", "matches"];

/// Deeper than anybody reads; it also bounds the stack that an evaluation takes.
const MAX_DEPTH: usize = 32;

#[derive(Default)]
struct Typing<'e> {
    depth: usize,
    /// The variable of an `exists` or `all`, and the result that it carries along.
    locals: Vec<(&'e str, Type)>,
    reads: BTreeSet<&'static str>,
    mentions: Vec<Mention>,
    mistakes: Vec<String>,
}

impl<'e> Typing<'e> {
    /// The type of an expression; `None` where a mistake was noted, so that one mistake does not
    /// bring others with it.
    fn of(&mut self, expression: &'e IdedExpr) -> Option<Type> {
        if self.depth == MAX_DEPTH {
            return self.wrong(format!("is nested more than {MAX_DEPTH} levels deep"));
        }
        self.depth += 1;
        let found = self.of_kind(expression);
        self.depth -= 1;
        found
    }

    fn of_kind(&mut self, expression: &'e IdedExpr) -> Option<Type> {
        match &expression.expr {
            Expr::Literal(literal) => self.of_literal(literal),
            Expr::Ident(name) => self.of_name(name),
            Expr::Select(select) => self.of_member(select),
            Expr::Call(call) => self.of_call(call),
            Expr::List(list) => self.of_list(&list.elements),
            Expr::Comprehension(comprehension) => self.of_comprehension(comprehension),
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
                self.wrong("uses a map or struct, which rules do not have".to_owned())
            }
        }
    }

    fn wrong(&mut self, mistake: String) -> Option<Type> {
        if !self.mistakes.contains(&mistake) {
            self.mistakes.push(mistake);
        }
        None
    }

    fn of_literal(&mut self, literal: &LiteralValue) -> Option<Type> {
        match literal {
            LiteralValue::Boolean(_) => Some(Type::Bool),
            LiteralValue::Int(_) => Some(Type::Number),
            LiteralValue::String(_) => Some(Type::Text(Words::Any)),
            LiteralValue::Double(_)
            | LiteralValue::UInt(_)
            | LiteralValue::Bytes(_)
            | LiteralValue::Null => self.wrong(
                "uses a decimal, unsigned, bytes or null literal: write a whole number or text"
                    .to_owned(),
            ),
        }
    }

    fn of_name(&mut self, name: &str) -> Option<Type> {
        if let Some((_, found)) = self.locals.iter().rev().find(|(local, _)| *local == name) {
            return Some(found.clone());
        }
        let group = format!("{name}.");
        let members: Vec<&str> = FACTS
            .iter()
            .map(|f| f.name)
            .filter(|f| f.starts_with(&group))
            .collect();
        if members.is_empty() {
            self.wrong(WrongFact::unknown(name).to_string())
        } else {
            self.wrong(format!(
                "\"{name}\" is a group of facts: use one of {}",
                quoted(&members)
            ))
        }
    }

    fn of_member(&mut self, select: &'e SelectExpr) -> Option<Type> {
        if let Expr::Ident(group) = &select.operand.expr
            && !self.locals.iter().any(|(local, _)| local == group)
        {
            let name = format!("{group}.{}", select.field);
            let Some(fact) = fact(&name) else {
                return self.wrong(WrongFact::unknown(&name).to_string());
            };
            if select.test {
                return self.wrong(format!("has({name}) says nothing, for every fact exists"));
            }
            self.reads.insert(fact.name);
            return Some(fact.kind.into());
        }
        let owner = self.of(&select.operand)?;
        let field = printable(&select.field, 80);
        self.wrong(format!("{owner} has no member \"{field}\""))
    }

    fn of_list(&mut self, elements: &'e [IdedExpr]) -> Option<Type> {
        let types: Option<Vec<Type>> = elements.iter().map(|element| self.of(element)).collect();
        let types = types?;
        let first = types.first().cloned().unwrap_or(Type::Nothing);
        if types.iter().all(|other| first.fits(other)) {
            Some(Type::List(Box::new(first)))
        } else {
            self.wrong("a list must have elements of one kind".to_owned())
        }
    }

    fn of_call(&mut self, call: &'e CallExpr) -> Option<Type> {
        let operands: Vec<&'e IdedExpr> = call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .collect();
        match (call.func_name.as_str(), operands.as_slice()) {
            (op::LOGICAL_AND | op::LOGICAL_OR, [left, right]) => {
                let (left, right) = (self.condition(left), self.condition(right));
                left.and(right)
            }
            (op::LOGICAL_NOT | op::NOT_STRICTLY_FALSE, [operand]) => self.condition(operand),
            (op::CONDITIONAL, [condition, yes, no]) => self.of_choice(condition, yes, no),
            (op::EQUALS | op::NOT_EQUALS, [left, right]) => self.of_equality(left, right),
            (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, [left, right]) => {
                self.of_order(left, right)
            }
            (
                op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO | op::NEGATE,
                numbers,
            ) => self.of_arithmetic(numbers),
            (op::IN, [element, list]) => self.of_membership(element, list),
            (op::INDEX, _) => self.wrong(
                "uses list[index], which may lie outside the list: use in, exists or all"
                    .to_owned(),
            ),
            ("size", [operand]) => self.of_size(operand),
            ("contains" | "startsWith" | "endsWith", [text, part]) if call.target.is_some() => {
                self.text(text)?;
                self.text(part)?;
                Some(Type::Bool)
            }
            ("matches", [text, pattern]) if call.target.is_some() => self.of_match(text, pattern),
            (name, _) => self.unknown_function(name),
        }
    }

    fn condition(&mut self, expression: &'e IdedExpr) -> Option<Type> {
        match self.of(expression)? {
            Type::Bool => Some(Type::Bool),
            other => self.wrong(format!(
                "joins or negates {other}, which must be true or false"
            )),
        }
    }

    fn text(&mut self, expression: &'e IdedExpr) -> Option<Type> {
        match self.of(expression)? {
            found @ Type::Text(_) => Some(found),
            other => self.wrong(format!("needs text where it has {other}")),
        }
    }

    fn of_choice(
        &mut self,
        condition: &'e IdedExpr,
        yes: &'e IdedExpr,
        no: &'e IdedExpr,
    ) -> Option<Type> {
        self.condition(condition)?;
        let (yes, no) = (self.of(yes)?, self.of(no)?);
        if yes.fits(&no) {
            // Only what is known of both is known of the choice.
            Some(if yes == no { yes } else { yes.without_words() })
        } else {
            self.wrong(format!(
                "chooses between {yes} and {no}, which are different"
            ))
        }
    }

    fn of_equality(&mut self, left: &'e IdedExpr, right: &'e IdedExpr) -> Option<Type> {
        let (left_type, right_type) = (self.of(left), self.of(right));
        let (left_type, right_type) = (left_type?, right_type?);
        if !left_type.fits(&right_type) {
            return self.wrong(format!("compares {left_type} with {right_type}"));
        }
        self.compare_words(&left_type, right);
        self.compare_words(&right_type, left);
        Some(Type::Bool)
    }

    fn of_order(&mut self, left: &'e IdedExpr, right: &'e IdedExpr) -> Option<Type> {
        let (left, right) = (self.of(left), self.of(right));
        match (left?, right?) {
            (Type::Number, Type::Number) | (Type::Text(_), Type::Text(_)) => Some(Type::Bool),
            (left, right) => self.wrong(format!("compares {left} with {right}")),
        }
    }

    fn of_arithmetic(&mut self, operands: &[&'e IdedExpr]) -> Option<Type> {
        for operand in operands {
            match self.of(operand)? {
                Type::Number => {}
                other => return self.wrong(format!("counts with {other}, which is not a number")),
            }
        }
        Some(Type::Number)
    }

    fn of_membership(&mut self, element: &'e IdedExpr, list: &'e IdedExpr) -> Option<Type> {
        let (found, list_type) = (self.of(element), self.of(list));
        let (found, list_type) = (found?, list_type?);
        let Type::List(elements) = &list_type else {
            return self.wrong(format!("\"in\" needs a list after it and has {list_type}"));
        };
        if !found.fits(elements) {
            return self.wrong(format!("looks for {found} in {list_type}"));
        }
        self.compare_words(elements, element);
        if let Expr::List(literal) = &list.expr {
            literal
                .elements
                .iter()
                .for_each(|literal| self.compare_words(&found, literal));
        }
        Some(Type::Bool)
    }

    fn of_size(&mut self, operand: &'e IdedExpr) -> Option<Type> {
        match self.of(operand)? {
            Type::Text(_) | Type::List(_) => Some(Type::Number),
            other => self.wrong(format!("size() needs text or a list and has {other}")),
        }
    }

    /// The pattern is compiled at each call: once is cheap, once for each of a thousand files is not.
    fn of_match(&mut self, text: &'e IdedExpr, pattern: &'e IdedExpr) -> Option<Type> {
        self.text(text)?;
        let Some(pattern) = literal_text(pattern) else {
            return self.wrong("matches() needs a literal pattern".to_owned());
        };
        if !self.locals.is_empty() {
            return self.wrong(
                "uses matches() in exists or all: it works only outside; use contains, \
                 startsWith or endsWith"
                    .to_owned(),
            );
        }
        match pattern_mistake(pattern) {
            Some(mistake) => self.wrong(mistake),
            None => Some(Type::Bool),
        }
    }

    fn unknown_function(&mut self, name: &str) -> Option<Type> {
        let name = printable(name, 80);
        let suggestion = closest(&name, FUNCTIONS)
            .map(|near| format!(": did you mean \"{near}\"?"))
            .unwrap_or_default();
        self.wrong(format!(
            "has no function \"{name}\" in this form{suggestion} (there are size, exists, all, \
             exists_one, and on text contains, startsWith, endsWith, matches)"
        ))
    }

    /// `exists`, `all` and `exists_one` carry a truth or a count along; `map` and `filter` build
    /// lists, whose cost grows with the square of their length.
    fn of_comprehension(&mut self, c: &'e ComprehensionExpr) -> Option<Type> {
        if !self.locals.is_empty() {
            return self.wrong("uses exists or all inside another one".to_owned());
        }
        let element = match self.of(&c.iter_range)? {
            Type::List(element) => *element,
            other => return self.wrong(format!("exists and all need a list and have {other}")),
        };
        let carried = self.of(&c.accu_init)?;
        if matches!(carried, Type::List(_)) || c.iter_var2.is_some() {
            return self.wrong("uses map or filter: use exists, all or exists_one".to_owned());
        }
        self.locals = vec![(&c.iter_var, element), (&c.accu_var, carried)];
        let step = self.of(&c.loop_step);
        let result = self.of(&c.result);
        self.locals.clear();
        step.and(result)
    }

    /// Compares what is known of one side's words with a literal on the other side.
    fn compare_words(&mut self, known: &Type, literal: &IdedExpr) {
        let (Type::Text(words), Some(text)) = (known, literal_text(literal)) else {
            return;
        };
        match words {
            Words::OneOf(allowed) if !allowed.contains(&text) => {
                let suggestion = closest(text, allowed.iter().copied())
                    .map(|near| format!(": did you mean \"{near}\"?"))
                    .unwrap_or_default();
                self.wrong(format!(
                    "compares with \"{}\", which is never the value{suggestion} (there are {})",
                    printable(text, 80),
                    quoted(allowed)
                ));
            }
            Words::NameOf(place) if !text.is_empty() => self.mentions.push(Mention {
                place: *place,
                name: text.to_owned(),
            }),
            _ => {}
        }
    }
}

fn literal_text(expression: &IdedExpr) -> Option<&str> {
    match &expression.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}
