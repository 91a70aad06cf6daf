//! Digests over canonical JSON: the same value gives the same bytes on every machine.

use std::ops::Range;
use std::{fmt, io};

use serde::{Deserialize, Serialize};
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};
use sha2::{Digest as _, Sha256};

/// A SHA-256 in the form `sha256:` and 64 lower-case hexadecimal digits.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String)]
pub struct Digest(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a digest: expected \"sha256:\" and 64 lower-case hexadecimal digits")]
pub struct InvalidDigest;

impl Digest {
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(format!("sha256:{}", hex::encode(Sha256::digest(bytes))))
    }

    /// The digest of the canonical JSON of a value.
    pub fn of<T: Serialize>(value: &T) -> Self {
        Self::of_bytes(canonical_json(value).as_bytes())
    }

    pub fn parse(text: &str) -> Result<Self, InvalidDigest> {
        let digits = text.strip_prefix("sha256:").ok_or(InvalidDigest)?;
        if digits.len() == 64
            && digits
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidDigest)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, as Docker shows them.
    pub fn short(&self) -> &str {
        &self.0["sha256:".len().."sha256:".len() + 12]
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidDigest;
    fn try_from(text: String) -> Result<Self, InvalidDigest> {
        Self::parse(&text)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// JSON without white space and with the members of each object in the order of their names.
///
/// # Panics
///
/// When the value cannot be JSON at all (a map with keys that are not strings): the types of
/// this crate that are digested are plain structs, and a test digests each of them.
pub fn canonical_json<T: Serialize>(value: &T) -> String {
    let mut canonical = Canonical::default();
    let formatter = Ordered(&mut canonical);
    let written = value.serialize(&mut serde_json::Serializer::with_formatter(
        io::sink(),
        formatter,
    ));
    // Only a map with other keys than strings cannot be JSON, and no digested type has one.
    written.expect("digested types have string keys only");
    // It holds pieces of UTF-8, each of them whole.
    String::from_utf8(canonical.out).expect("JSON is text")
}

/// JSON that is being written: the members of an object come in any order, and are put in theirs
/// when it ends.
#[derive(Default)]
struct Canonical {
    out: Vec<u8>,
    /// Those that are not at their end, the innermost last.
    objects: Vec<Object>,
}

struct Object {
    /// Where its first member begins.
    begin: usize,
    members: Vec<Member>,
}

struct Member {
    /// Where its name begins, and where its value ends.
    range: Range<usize>,
    name: String,
}

impl Canonical {
    fn begin_object(&mut self) {
        self.out.push(b'{');
        self.objects.push(Object {
            begin: self.out.len(),
            members: Vec::new(),
        });
    }

    fn begin_member(&mut self, first: bool) {
        if !first {
            self.out.push(b',');
        }
        let begin = self.out.len();
        self.innermost().members.push(Member {
            range: begin..begin,
            name: String::new(),
        });
    }

    fn end_name(&mut self) -> io::Result<()> {
        let begin = self.member().range.start;
        let quoted = &self.out[begin..];
        // By what it says, not by how that is escaped.
        let name = match quoted.contains(&b'\\') {
            true => serde_json::from_slice(quoted)?,
            false => String::from_utf8_lossy(&quoted[1..quoted.len() - 1]).into_owned(),
        };
        self.member().name = name;
        Ok(())
    }

    fn end_member(&mut self) {
        let end = self.out.len();
        self.member().range.end = end;
    }

    fn end_object(&mut self) {
        // serde_json ends what it has begun.
        let mut object = self.objects.pop().expect("it has begun");
        if !object.members.is_sorted_by(|a, b| a.name < b.name) {
            object.members.sort_by(|a, b| a.name.cmp(&b.name));
            let mut ordered = Vec::with_capacity(self.out.len() - object.begin);
            for (number, member) in object.members.iter().enumerate() {
                let next = object.members.get(number + 1);
                // Of two with one name the later one counts, as wherever JSON is read.
                if next.is_some_and(|next| next.name == member.name) {
                    continue;
                }
                if !ordered.is_empty() {
                    ordered.push(b',');
                }
                ordered.extend_from_slice(&self.out[member.range.clone()]);
            }
            self.out.truncate(object.begin);
            self.out.append(&mut ordered);
        }
        self.out.push(b'}');
    }

    fn innermost(&mut self) -> &mut Object {
        // Members come between the begin and the end of an object only.
        self.objects.last_mut().expect("an object has begun")
    }

    fn member(&mut self) -> &mut Member {
        let last = self.innermost().members.last_mut();
        // What belongs to a member comes after its begin only.
        last.expect("a member has begun")
    }
}

/// What serde_json writes, into [`Canonical`] and nowhere else.
struct Ordered<'a>(&'a mut Canonical);

/// Each scalar as serde_json itself writes it.
macro_rules! scalars {
    ($($write:ident($kind:ty)),* $(,)?) => {$(
        fn $write<W: ?Sized + io::Write>(&mut self, _: &mut W, value: $kind) -> io::Result<()> {
            CompactFormatter.$write(&mut self.0.out, value)
        }
    )*};
}

impl Formatter for Ordered<'_> {
    scalars! {
        write_bool(bool),
        write_i8(i8), write_i16(i16), write_i32(i32), write_i64(i64), write_i128(i128),
        write_u8(u8), write_u16(u16), write_u32(u32), write_u64(u64), write_u128(u128),
        write_f64(f64),
        write_number_str(&str), write_string_fragment(&str), write_raw_fragment(&str),
        write_char_escape(CharEscape),
        begin_array_value(bool),
    }

    /// As a JSON value holds it, which knows one kind of fractions.
    fn write_f32<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        self.write_f64(writer, value.into())
    }

    fn write_null<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.write_null(&mut self.0.out)
    }

    fn begin_string<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.begin_string(&mut self.0.out)
    }

    fn end_string<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.end_string(&mut self.0.out)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.begin_array(&mut self.0.out)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.end_array(&mut self.0.out)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.begin_object();
        Ok(())
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.end_object();
        Ok(())
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        _: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_member(first);
        Ok(())
    }

    fn end_object_key<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.end_name()
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.out.push(b':');
        Ok(())
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.end_member();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_order_does_not_change_the_digest() {
        let one: serde_json::Value =
            serde_json::from_str(r#"{"b":1,"a":{"d":[1,2],"c":null}}"#).unwrap();
        let two: serde_json::Value =
            serde_json::from_str(r#"{ "a": {"c":null, "d":[1,2]}, "b":1 }"#).unwrap();
        assert_eq!(Digest::of(&one), Digest::of(&two));
        assert_eq!(canonical_json(&one), r#"{"a":{"c":null,"d":[1,2]},"b":1}"#);
    }

    /// As it was written before, and as every digest in a ledger was made.
    fn by_a_value<T: Serialize>(value: &T) -> String {
        serde_json::to_value(value).unwrap().to_string()
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct EveryKind {
        unit: (),
        truth: bool,
        text: String,
        letter: char,
        small: i8,
        large: u64,
        low: i64,
        short_fraction: f32,
        fraction: f64,
        no_number: f64,
        maybe: Option<u8>,
        bytes: &'static [u8],
        pair: (u8, &'static str),
        empty: std::collections::BTreeMap<String, u8>,
        numbered: std::collections::BTreeMap<u8, u8>,
        variants: Vec<Variant>,
        #[serde(flatten)]
        flat: std::collections::HashMap<String, Vec<Variant>>,
    }

    #[derive(Serialize)]
    enum Variant {
        Unit,
        One(u8),
        Two(u8, u8),
        Named { z: u8, a: Option<Box<Variant>> },
    }

    #[test]
    fn every_kind_of_value_is_as_a_json_value_writes_it() {
        let variants = || {
            let inner = Variant::Named { z: 1, a: None };
            vec![
                Variant::Unit,
                Variant::One(1),
                Variant::Two(1, 2),
                Variant::Named {
                    z: 2,
                    a: Some(Box::new(inner)),
                },
            ]
        };
        // Escaped, the second of these names comes before the first: a backslash is more than "a".
        let names = ["a", "\"", "\u{1}", "\u{e9}", "\u{1f600}", "\\", ""];
        let value = EveryKind {
            unit: (),
            truth: true,
            text: "a \"b\" \\ \n \u{7f} \u{2028} \u{e9}".to_owned(),
            letter: '\'',
            small: -5,
            large: u64::MAX,
            low: i64::MIN,
            short_fraction: 0.1,
            fraction: 1e300,
            no_number: f64::NAN,
            maybe: None,
            bytes: b"by",
            pair: (1, "x"),
            empty: Default::default(),
            numbered: [(10, 1), (9, 2)].into(),
            variants: variants(),
            flat: names.map(|name| (name.to_owned(), variants())).into(),
        };
        assert_eq!(canonical_json(&value), by_a_value(&value));
    }

    #[test]
    fn of_two_members_with_one_name_the_later_one_counts() {
        struct Twice;
        impl Serialize for Twice {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map([("b", 1), ("a", 2), ("b", 3), ("c", 4)])
            }
        }
        assert_eq!(canonical_json(&Twice), r#"{"a":2,"b":3,"c":4}"#);
        assert_eq!(canonical_json(&Twice), by_a_value(&Twice));
    }

    proptest::proptest! {
        #[test]
        fn any_names_and_texts_are_as_a_json_value_writes_them(
            members in proptest::collection::vec(proptest::prelude::any::<(String, String, f64)>(), 0..6),
        ) {
            let mut value = std::collections::HashMap::new();
            for (name, text, number) in members {
                value.insert(name.clone(), std::collections::HashMap::from([(text, number), (name, 0.5)]));
            }
            proptest::prop_assert_eq!(canonical_json(&value), by_a_value(&value));
        }
    }

    #[test]
    fn a_changed_value_changes_the_digest() {
        assert_ne!(Digest::of(&[1, 2]), Digest::of(&[2, 1]));
        assert_eq!(Digest::of(&0).short().len(), 12);
    }
}
