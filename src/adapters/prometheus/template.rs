//! Query templates: `{{release}}`, `{{service}}`, `{{environment}}` and `{{window}}`.

use crate::domain::id::ReleaseId;
use crate::domain::name::{EnvironmentName, ServiceName};
use crate::domain::text::printable;

/// The labels that Commander gives to what is scraped, and by which queries find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetLabels {
    pub service: ServiceName,
    pub environment: EnvironmentName,
    pub release: ReleaseId,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the query has the unknown placeholder \"{0}\": there are {{{{release}}}}, {{{{service}}}}, {{{{environment}}}} and {{{{window}}}}"
)]
pub struct UnknownPlaceholder(String);

/// Fills in the placeholders. `{{window}}` becomes a duration such as `60s`; the others become
/// text that is safe between the quotes of a PromQL string.
///
/// # Errors
///
/// When there is a placeholder of another name, or one that is not closed. PromQL itself has no
/// double braces, so that nothing else can be meant.
pub fn resolve(
    template: &str,
    labels: &TargetLabels,
    window_seconds: u32,
) -> Result<String, UnknownPlaceholder> {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (name, behind) = after
            .split_once("}}")
            .ok_or_else(|| UnknownPlaceholder(printable(after, 40)))?;
        match name.trim() {
            "release" => out.push_str(&quoted(labels.release.as_str())),
            "service" => out.push_str(&quoted(labels.service.as_str())),
            "environment" => out.push_str(&quoted(labels.environment.as_str())),
            "window" => out.push_str(&format!("{window_seconds}s")),
            _ => return Err(UnknownPlaceholder(printable(name, 40))),
        }
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

impl TargetLabels {
    /// A selector of everything scraped from this release.
    pub(super) fn selector(&self) -> String {
        format!(
            r#"{{service="{}",environment="{}",release="{}"}}"#,
            quoted(self.service.as_str()),
            quoted(self.environment.as_str()),
            quoted(self.release.as_str())
        )
    }
}

/// Text for the inside of a PromQL string. Quotes are written as hexadecimal escapes, because
/// PromQL knows `\"` only between double quotes and `\'` only between single ones. Between
/// backticks no escape is known at all; names and ids have nothing that needs one.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\x22"),
            '\'' => out.push_str("\\x27"),
            '`' => out.push_str("\\x60"),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> TargetLabels {
        TargetLabels {
            service: ServiceName::parse("shop").unwrap(),
            environment: EnvironmentName::parse("staging").unwrap(),
            release: ReleaseId::parse("rel_018f3c5e7d0a7c31b2a44f6f0c9d1e22").unwrap(),
        }
    }

    #[test]
    fn placeholders_are_filled_in_wherever_they_stand() {
        let template =
            r#"sum(rate(errors{release="{{release}}",env='{{ environment }}'}[{{window}}]))"#;
        assert_eq!(
            resolve(template, &labels(), 60).unwrap(),
            r#"sum(rate(errors{release="rel_018f3c5e7d0a7c31b2a44f6f0c9d1e22",env='staging'}[60s]))"#
        );
    }

    #[test]
    fn an_unknown_or_open_placeholder_is_refused() {
        for bad in ["up{a=\"{{relase}}\"}", "up{a=\"{{release\"}", "{{}}"] {
            assert!(resolve(bad, &labels(), 60).is_err(), "{bad}");
        }
    }

    #[test]
    fn quoting_leaves_no_way_out_of_a_string() {
        assert_eq!(quoted(r#"a"} or up{b='"#), r"a\x22} or up{b=\x27");
        assert_eq!(quoted("a\\\n`"), r"a\\\n\x60");
    }
}
