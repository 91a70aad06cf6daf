//! YAML as a tree that remembers lines, so that every mistake in a front matter can be reported
//! with its place, and not only the first.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{MessageFormatter, Spanned, UserMessageFormatter};

use crate::domain::text::printable;

#[derive(Debug)]
pub struct Node {
    /// 1-based, in the text that was parsed.
    pub line: u32,
    pub value: Value,
}

#[derive(Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Number(i64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// A decimal, or a number beyond 64 bits.
    Other,
}

#[derive(Debug)]
pub struct Entry {
    pub key: String,
    pub line: u32,
    pub node: Node,
}

/// # Errors
///
/// The line, where one is known, and what is wrong with it: syntax errors, keys that stand twice,
/// and texts that are larger than a front matter may be.
pub fn parse(text: &str) -> Result<Node, (Option<u32>, String)> {
    // Only true and false are booleans: in YAML 1.1 `no` and `on` would be, too.
    let options = serde_saphyr::options! {
        strict_booleans: true,
        budget: serde_saphyr::budget! { max_nodes: 10_000, max_aliases: 0, max_depth: 16 },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let line = error.location().and_then(|location| line(location.line()));
        // The message alone: the location that goes with it counts from the second line of the file.
        let message = UserMessageFormatter.format_message(error.without_snippet());
        (line, printable(&message, 200))
    })
}

/// A line of 0 stands for "unknown".
fn line(line: u64) -> Option<u32> {
    u32::try_from(line).ok().filter(|line| *line > 0)
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self {
            line: line(spanned.referenced.line()).unwrap_or(1),
            value: spanned.value,
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Other, Value::Number))
    }

    fn visit_i128<E>(self, _: i128) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = items.next_element()? {
            list.push(node);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some((key, node)) = entries.next_entry::<Spanned<String>, Node>()? {
            map.push(Entry {
                line: line(key.referenced.line()).unwrap_or(1),
                key: key.value,
                node,
            });
        }
        Ok(Value::Map(map))
    }
}
